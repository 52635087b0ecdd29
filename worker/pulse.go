package worker

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// aliveFor is how long after the end of a beat the next one must have ended. Whatever Temporal and the database do, a beat
// ends within beatTimeout, so a worker that takes longer hangs.
const aliveFor = 3 * (beatEvery + beatTimeout)

// pulse is when a worker last came to the end of a beat.
type pulse struct{ last atomic.Pointer[time.Time] }

func (p *pulse) felt() {
	now := time.Now()
	p.last.Store(&now)
}

// rest says that no beat is due.
func (p *pulse) rest() { p.last.Store(nil) }

func (p *pulse) alive() error {
	last := p.last.Load()
	if last == nil {
		return nil
	}
	if silent := time.Since(*last); silent > aliveFor {
		return fmt.Errorf("the worker has hung for %s", silent.Round(time.Second))
	}
	return nil
}

// Alive fails where this worker hangs and only a restart helps, which is not so while Temporal or the database is away.
func (w *Worker) Alive(context.Context) error { return w.pulse.alive() }
