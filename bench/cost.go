package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"

	"github.com/patch-manager/patch-manager/worker/workertest"
	"github.com/patch-manager/patch-manager/workflows"
)

// measureCost counts what the run of a healthy host leaves in Temporal.
func measureCost(ctx context.Context, b *bench) error {
	hosts := simulated(1, "cost")
	hosts[0].ApplyDuration = 2 * time.Second
	return b.with(ctx, hosts, nil, func(ctx context.Context, s *workertest.System, ids []string) error {
		job, err := s.StartJob(ctx, workertest.JobSpec{HostIDs: ids})
		if err != nil {
			return err
		}
		if err := s.Temporal.GetWorkflow(ctx, workflows.PatchJobID(job), "").Get(ctx, nil); err != nil {
			return err
		}
		h, err := s.History(ctx, workflows.PatchHostID(job, ids[0]), "")
		if err != nil {
			return err
		}
		c := workertest.CostOf(h)
		b.add(result{Name: "healthy host: history", Value: float64(c.Events), Unit: "events", Limit: 40})
		b.add(result{Name: "healthy host: activities", Value: float64(c.Activities), Unit: "activities", Limit: 4})
		b.add(result{Name: "healthy host: size of history", Value: float64(c.Bytes) / 1024, Unit: "KiB", Limit: 40})
		return patched(s, hosts)
	})
}

// An hour at the gate is so many tries at the default interval.
const triesPerHour = 12

// measureGate counts the events of an hour's tries at the gate, each of which is as far from the next as it takes to be
// one of its own.
func measureGate(ctx context.Context, b *bench) error {
	hosts := simulated(1, "gate")
	hosts[0].Services[0].Unhealthy = true
	return b.with(ctx, hosts, map[string]string{"gate.retry_interval": "1s"}, func(ctx context.Context, s *workertest.System, ids []string) error {
		job, err := s.StartJob(ctx, workertest.JobSpec{HostIDs: ids})
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
		defer cancel()
		for {
			h, err := s.History(ctx, workflows.PatchHostID(job, ids[0]), "")
			var notYet *serviceerror.NotFound
			if err != nil && !errors.As(err, &notYet) {
				return fmt.Errorf("wait for %d tries: %w", triesPerHour, err)
			}
			if waits := waitsAt(h); len(waits) > triesPerHour {
				b.add(result{Name: "hour at the gate: history", Value: float64(waits[triesPerHour] - waits[0]), Unit: "events", Limit: 140})
				return s.Temporal.TerminateWorkflow(ctx, workflows.PatchJobID(job), "", "measured")
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(time.Second):
			}
		}
	})
}

// waitsAt returns where in a history the waits begin.
func waitsAt(h *history.History) []int {
	var at []int
	for i, e := range h.GetEvents() {
		if e.GetEventType() == enums.EVENT_TYPE_TIMER_STARTED {
			at = append(at, i)
		}
	}
	return at
}
