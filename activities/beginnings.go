package activities

import (
	"context"
	"time"
)

const (
	// maxBeginnings is how many visits of hosts may be at their beginning, in all shards of this process together.
	maxBeginnings = 256
	// beginningTime is how long a visit counts as one that begins: it dials, and a handshake takes the processors for
	// milliseconds. After that it only waits for its host, and of such ones there may be many.
	beginningTime = 250 * time.Millisecond
)

// beginnings bounds how many visits begin at a time. Where many shards are behind, all of their hosts are due at once; as many
// handshakes would take so long, together, that healthy hosts seem not to answer.
type beginnings chan struct{}

func newBeginnings() beginnings { return make(beginnings, maxBeginnings) }

// begin waits until one more visit may begin, and reports whether it may: not where ctx ended first. Who was let begin calls
// end once the visit is over.
func (b beginnings) begin(ctx context.Context) (end func(), ok bool) {
	if !take(ctx, b) {
		return nil, false
	}
	over := time.AfterFunc(beginningTime, func() { <-b })
	return func() {
		if over.Stop() {
			<-b
		}
	}, true
}
