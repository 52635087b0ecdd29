package activities

import (
	"context"
	"time"
)

const (
	// collectPeriod is how long a result waits for others before it is stored: a recovery must reach the runs that wait
	// for it within two seconds, and the gate, the request and a busy machine take their part of these.
	collectPeriod = 500 * time.Millisecond
	// storeTimeout bounds the storing of a batch, also of the last one after the sweep was told to end.
	storeTimeout = 10 * time.Second
)

// collector stores what the visits of a sweep found, and knows up to which host all is stored: visits end in any order,
// but a retry can only go on after one host.
type collector[R any] struct {
	sweep    *sweep[R]
	progress SweepProgress
	stop     context.CancelCauseFunc

	batch   []visited[R]
	results int // in batch
	failed  bool
	next    int                // the first visit that is not stored
	done    map[int]visited[R] // stored visits that are waiting for an earlier one
}

func (c *collector[R]) run(ctx context.Context, visits <-chan visited[R]) {
	// What was found is worth storing whatever ended the sweep.
	ctx = context.WithoutCancel(ctx)
	tick := time.NewTimer(untilCollected(time.Now()))
	defer tick.Stop()
	for {
		select {
		case v, more := <-visits:
			if !more {
				c.flush(ctx)
				return
			}
			c.add(ctx, v)
		case <-tick.C:
			c.flush(ctx)
			tick.Reset(untilCollected(time.Now()))
		}
	}
}

// untilCollected is how long it is until the next instant at which all shards store, so that they can do it together.
func untilCollected(now time.Time) time.Duration {
	return now.Truncate(collectPeriod).Add(collectPeriod).Sub(now)
}

func (c *collector[R]) add(ctx context.Context, v visited[R]) {
	if c.results+len(v.results) > c.sweep.maxBatch {
		c.flush(ctx)
	}
	c.batch = append(c.batch, v)
	c.results += len(v.results)
	if c.results >= c.sweep.maxBatch {
		c.flush(ctx)
	}
}

// flush stores the batch and says how far the shard is. Once storing failed nothing is stored any more: the visits that
// are under way end, and the next attempt does them again.
func (c *collector[R]) flush(ctx context.Context) {
	if c.failed {
		return
	}
	if len(c.batch) > 0 {
		if err := c.store(ctx); err != nil {
			c.failed = true
			c.stop(err)
			return
		}
		c.advance()
	}
	c.sweep.beat(c.progress)
}

func (c *collector[R]) store(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	results := make([]R, 0, c.results)
	for _, v := range c.batch {
		results = append(results, v.results...)
	}
	return c.sweep.store(ctx, results)
}

func (c *collector[R]) advance() {
	for _, v := range c.batch {
		c.done[v.n] = v
	}
	c.batch, c.results = c.batch[:0], 0
	for {
		v, ok := c.done[c.next]
		if !ok {
			return
		}
		delete(c.done, c.next)
		c.next++
		c.progress.After = v.hostID
		c.progress.Hosts++
		c.progress.Results += len(v.results)
	}
}
