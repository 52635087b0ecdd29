package activities

import (
	"context"
	"sync"
	"time"
)

const (
	// maxBeginnings is how many visits of hosts may be at their beginning, in all shards that a process polls together.
	maxBeginnings = 256
	// beginningTime is how long a visit counts as one that begins: it dials, and a handshake takes the processors for
	// milliseconds. After that it only waits for its host, and of such ones there may be many, unless it is the processors that it
	// waits for.
	beginningTime = 250 * time.Millisecond
	// longestBeginning is how long it counts as one where processors are short: hosts that never answer must not keep the others
	// from their turn.
	longestBeginning = 12 * beginningTime
)

// beginnings bounds how many visits begin at a time. Where many shards are behind, all of their hosts are due at once; as many
// handshakes would take so long, together, that healthy hosts seem not to answer.
type beginnings struct {
	slots chan struct{}
	short func() bool // whether this process is short of processors
}

func newBeginnings() *beginnings {
	return &beginnings{slots: make(chan struct{}, maxBeginnings), short: newCrowding().short}
}

// begin waits until one more visit may begin, and reports whether it may: not where ctx ended first. Who was let begin calls
// end once the visit is over.
func (b *beginnings) begin(ctx context.Context) (end func(), ok bool) {
	if !take(ctx, b.slots) {
		return nil, false
	}
	b.short() // so that what the visit is judged by later begins no earlier than it
	v := &beginning{of: b, since: time.Now()}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.timer = time.AfterFunc(beginningTime, v.late)
	return v.end, true
}

// beginning is the place of one visit, until it is over or waits for its host alone.
type beginning struct {
	of    *beginnings
	since time.Time

	mu    sync.Mutex
	timer *time.Timer
	left  bool
}

// late makes room for another visit, or looks again later.
func (v *beginning) late() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.left && v.of.short() && time.Since(v.since) < longestBeginning {
		v.timer.Reset(beginningTime)
		return
	}
	v.leave()
}

func (v *beginning) end() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.timer.Stop()
	v.leave()
}

func (v *beginning) leave() {
	if !v.left {
		v.left = true
		<-v.of.slots
	}
}
