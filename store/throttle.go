package store

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// Take counts one use of bucket, whichever process it comes from, and refuses it with fleet.KindTooMany, carrying how
// long to wait, where limit uses (1 to 1000) passed within the last per. Refused uses do not count. What passed is
// counted at once, whatever becomes of it. A bucket is stored as its hash, so it may be named after whatever a stranger
// typed.
func (s *Store) Take(ctx context.Context, bucket string, limit int, per time.Duration) error {
	use, err := take(ctx, s.q, bucket, limit, per)
	if err != nil {
		return translate(err)
	}
	return refusal(use)
}

// TakeTry is Take for a try to get in, and records its refusal as a failure. Only the first refusal after a use that
// passed is recorded: a flood of them leaves no more entries than uses that pass, whose number is limited. Where the
// entry can not be written the refusal does not count as the first, and is an error all the same.
func (s *Store) TakeTry(ctx context.Context, by fleet.Caller, f fleet.Failure, bucket string, limit int, per time.Duration) error {
	var use sqlgen.TakeRow
	err := s.tx(ctx, func(_ pgx.Tx, q *sqlgen.Queries) (err error) {
		if use, err = take(ctx, q, bucket, limit, per); err != nil || !use.NewlyRefused {
			return err
		}
		f.Reason = fleet.ReasonTooMany
		return s.writeFailure(ctx, q, by, f)
	})
	if err != nil {
		return err
	}
	return refusal(use)
}

func take(ctx context.Context, q *sqlgen.Queries, bucket string, limit int, per time.Duration) (sqlgen.TakeRow, error) {
	name := sha256.Sum256([]byte(bucket))
	return q.Take(ctx, name[:], int32(min(max(limit, 1), maxThrottle)), per.Seconds())
}

func refusal(use sqlgen.TakeRow) error {
	if !use.Refused {
		return nil
	}
	return fleet.TooMany(time.Duration(use.WaitSeconds * float64(time.Second)))
}

// maxThrottle bounds what a bucket remembers.
const maxThrottle = 1000
