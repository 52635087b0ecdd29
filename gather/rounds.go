package gather

import (
	"context"
	"sync"
	"time"
)

// Rounds carries requests out one round at a time: what is asked for while one is under way is the next. Nobody waits for
// company, so a lone request takes as long as without it, and nobody gets an answer of a round that began before they
// asked. It is safe for concurrent use.
type Rounds[Q, A any] struct {
	carryOut func(ctx context.Context, asked []Q) (A, error)
	most     int
	timeout  time.Duration

	mu      sync.Mutex
	running bool
	waiting []*round[Q, A]
}

// round is what is carried out together.
type round[Q, A any] struct {
	asked  []Q
	done   chan struct{}
	answer A
	err    error
}

// NewRounds makes rounds in which carryOut takes at most timeout, and gets more than most requests only where one call
// of Do has more.
func NewRounds[Q, A any](most int, timeout time.Duration, carryOut func(context.Context, []Q) (A, error)) *Rounds[Q, A] {
	return &Rounds[Q, A]{carryOut: carryOut, most: most, timeout: timeout}
}

// Do returns the answer of the round that asked is in, whole. The round goes on when ctx ends: others are in it, too.
func (r *Rounds[Q, A]) Do(ctx context.Context, asked ...Q) (A, error) {
	mine := r.join(asked)
	select {
	case <-mine.done:
		return mine.answer, mine.err
	case <-ctx.Done():
		var none A
		return none, ctx.Err()
	}
}

func (r *Rounds[Q, A]) join(asked []Q) *round[Q, A] {
	r.mu.Lock()
	defer r.mu.Unlock()
	last := len(r.waiting) - 1
	if last < 0 || len(r.waiting[last].asked)+len(asked) > r.most {
		r.waiting = append(r.waiting, &round[Q, A]{done: make(chan struct{})})
		last++
	}
	mine := r.waiting[last]
	mine.asked = append(mine.asked, asked...)
	if !r.running {
		r.running = true
		go r.run()
	}
	return mine
}

// run carries out what waits, until nothing does.
func (r *Rounds[Q, A]) run() {
	for next := r.take(); next != nil; next = r.take() {
		ctx, cancel := context.WithTimeout(context.Background(), r.timeout)
		next.answer, next.err = r.carryOut(ctx, next.asked)
		cancel()
		close(next.done)
	}
}

func (r *Rounds[Q, A]) take() *round[Q, A] {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.waiting) == 0 {
		r.running = false
		return nil
	}
	next := r.waiting[0]
	r.waiting = r.waiting[1:]
	return next
}
