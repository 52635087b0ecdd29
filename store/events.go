package store

import (
	"context"
	"fmt"

	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// The kinds of events, as they stand in the stream.
const (
	eventHostChanged      = "host.changed"
	eventEnrolmentChanged = "enrolment.changed"
	eventHostDeleted      = "host.deleted"
	eventGroupChanged     = "group.changed"
	eventCheckChanged     = "check.changed"
	eventWindowChanged    = "window.changed"
	eventJobChanged       = "job.changed"
	eventJobHostChanged   = "job_host.changed"
)

// writeEvent appends a state change to the event stream in the transaction of q. GroupIDs are the groups whose members
// may see it, as of now; with none only admins do, unless site says that everybody does. Payload is stored as JSON
// (nil: an empty object) and holds ids and states, not copies of things.
func writeEvent(ctx context.Context, q *sqlgen.Queries, kind, subjectID string, groupIDs []string, site bool, payload any) error {
	encoded, err := encode(payload)
	if err != nil {
		return fmt.Errorf("encode event payload: %w", err)
	}
	if groupIDs == nil {
		groupIDs = []string{}
	}
	err = q.InsertEvent(ctx, sqlgen.InsertEventParams{
		Kind: kind, SubjectID: subjectID, GroupIDs: groupIDs, Site: site, Payload: encoded,
	})
	if err != nil {
		return fmt.Errorf("write event %s: %w", kind, err)
	}
	return nil
}
