package activities

import (
	"context"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
)

// heartbeatEvery is well below the heartbeat timeout of the long steps, whatever one of their requests takes. Temporal's client may
// hold one back for as long as the worker's options let it.
const heartbeatEvery = 10 * time.Second

// handover is what one try of a long step leaves to the next one, which goes on from wherever the host is by then.
type handover struct {
	LostSince      time.Time // when the agent was first found not to know the job; zero while it does
	RefusedSince   time.Time // when the agent first did not take the request to reboot
	VerifyingSince time.Time
}

// leftBehind is what the try before this one left.
func leftBehind(ctx context.Context) (h handover) {
	if activity.HasHeartbeatDetails(ctx) && activity.GetHeartbeatDetails(ctx, &h) != nil {
		return handover{} // what can not be read begins anew
	}
	return h
}

// alive tells Temporal that a long step is at work, with what its next try would need to know.
type alive struct {
	ctx    context.Context
	finish context.CancelFunc

	mu      sync.Mutex
	details any
}

// stayAlive heartbeats until done is called.
func stayAlive(ctx context.Context, details any) *alive {
	beating, finish := context.WithCancel(ctx)
	a := &alive{ctx: ctx, finish: finish, details: details}
	go a.beat(beating)
	return a
}

func (a *alive) done() { a.finish() }

func (a *alive) beat(ctx context.Context) {
	tick := time.NewTicker(heartbeatEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			a.mu.Lock()
			activity.RecordHeartbeat(a.ctx, a.details)
			a.mu.Unlock()
		case <-ctx.Done():
			return
		}
	}
}

// pause leaves details for the next try and waits for d, or until the worker stops or the step is taken away.
func (a *alive) pause(d time.Duration, details any) error {
	a.mu.Lock()
	a.details = details
	activity.RecordHeartbeat(a.ctx, details)
	a.mu.Unlock()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-a.ctx.Done():
		return a.ctx.Err()
	case <-activity.GetWorkerStopChannel(a.ctx):
		return temporal.NewApplicationError("worker is stopping", "worker_stopping")
	}
}
