package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/patch-manager/patch-manager/worker/workertest"
)

const (
	// perReleased is of how many hosts that keep waiting one is released, so that the job dispatches while it is cancelled.
	perReleased = 4
	// shownWithin is how long it may take until every waiting host shows the cancellation.
	shownWithin = time.Minute
)

const stillWaiting = "status in ('queued', 'waiting_window', 'waiting_health_check', 'waiting_slot')"

// measureCancel cancels a job whose hosts wait at the gate, all but some that are being dispatched just then.
func measureCancel(ctx context.Context, b *bench) error {
	hosts := unhealthy(simulated(b.cancelled+b.cancelled/perReleased, "cancel"))
	return b.with(ctx, hosts, gateSettings(), func(ctx context.Context, s *workertest.System, ids []string) error {
		job, err := b.holdAtGate(ctx, s, ids, largeParallel)
		if err != nil {
			return err
		}
		_, err = b.release(ctx, s, hosts[b.cancelled:], func(ctx context.Context) error { return b.cancel(ctx, s, job) })
		if err != nil {
			return err
		}
		return atMost(s, largeParallel)
	})
}

// cancel cancels a job as the API does once a tenth of those released were dispatched, and adds what came of it.
func (b *bench) cancel(ctx context.Context, s *workertest.System, job string) error {
	enough := b.cancelled / perReleased / 10
	err := until(ctx, gatePatience, func() (bool, error) { return len(s.Fleet.Executions()) >= enough, nil })
	if err != nil {
		return err
	}
	left, err := count(ctx, s, job, stillWaiting)
	if err != nil {
		return err
	}
	asked := time.Now()
	if err := errors.Join(s.Store.RequestJobCancel(ctx, workertest.Admin, job), s.Client.Wake(ctx)); err != nil {
		return err
	}
	acknowledged := time.Now()
	err = until(ctx, gatePatience, func() (bool, error) {
		n, err := count(ctx, s, job, stillWaiting)
		return n == 0, err
	})
	if err != nil {
		return err
	}
	shown := time.Since(acknowledged)
	err = until(ctx, gatePatience, func() (bool, error) {
		n, err := count(ctx, s, job, "status = 'running'")
		return n == 0, err
	})
	late := 0
	for _, at := range starts(s.Fleet) {
		if at.After(acknowledged) {
			late++
		}
	}
	b.add(result{Name: fmt.Sprintf("job cancelled, %d hosts waiting: acknowledged after", left), Value: acknowledged.Sub(asked).Seconds(), Unit: "s"})
	b.add(result{Name: "… all of them show it after", Value: shown.Seconds(), Unit: "s", Limit: shownWithin.Seconds()})
	b.add(result{Name: "… dispatched before, by the hosts' own logs", Value: float64(len(s.Fleet.Executions()) - late), Unit: "hosts"})
	b.add(result{Name: "… dispatched after it was acknowledged", Value: float64(late), Unit: "hosts"})
	if late > 0 {
		err = errors.Join(err, fmt.Errorf("%d hosts were dispatched after the cancellation was acknowledged", late))
	}
	return err
}
