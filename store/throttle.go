package store

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/patch-manager/patch-manager/fleet"
)

// Take counts one use of bucket, whichever process it comes from, and refuses it with fleet.KindTooMany, carrying how
// long to wait, where limit uses (1 to 1000) passed within the last per. Refused uses do not count. What passed is
// counted at once, whatever becomes of it. A bucket is stored as its hash, so it may be named after whatever a stranger
// typed.
func (s *Store) Take(ctx context.Context, bucket string, limit int, per time.Duration) error {
	name := sha256.Sum256([]byte(bucket))
	use, err := s.q.Take(ctx, name[:], int32(min(max(limit, 1), maxThrottle)), per.Seconds())
	if err != nil {
		return translate(err)
	}
	if use.Refused {
		return fleet.TooMany(time.Duration(use.WaitSeconds * float64(time.Second)))
	}
	return nil
}

// maxThrottle bounds what a bucket remembers.
const maxThrottle = 1000
