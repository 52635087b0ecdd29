package store

import (
	"context"
	"fmt"

	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// writeWakeup leaves word in the transaction of q that waiting runs must decide anew: those of a host, of the hosts of
// a group or of a job, or every one where all three are nil. Reason is for people.
func writeWakeup(ctx context.Context, q *sqlgen.Queries, hostID, groupID, jobID *string, reason string) error {
	if err := q.InsertWakeup(ctx, hostID, groupID, jobID, reason); err != nil {
		return fmt.Errorf("write wakeup: %w", err)
	}
	return nil
}
