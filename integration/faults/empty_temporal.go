package main

import (
	"context"
	"time"

	"github.com/patch-manager/patch-manager/agent/agenttest"
)

// emptyTemporal has Temporal lose all it knew while hosts wait at the gate, for their window and for a slot, and while others are
// patched; the worker and the API run on.
func emptyTemporal(ctx context.Context, s *scene) error {
	third := len(s.hosts) / 3
	held, early := s.hosts[:third], s.hosts[third:2*third]
	start := wholeMinute(time.Now().Add(time.Minute))
	for _, h := range s.hosts {
		h.PlanJobs(agenttest.JobPlan{Duration: between(s.random, 2*time.Second, 10*time.Second)})
	}
	sicken(held)
	for _, h := range early {
		if err := s.moveWindow(ctx, h, start, start.Add(time.Hour)); err != nil {
			return err
		}
	}
	if err := s.awaitUnhealthy(ctx, held); err != nil {
		return err
	}
	if err := s.submitAndHold(ctx, held); err != nil {
		return err
	}
	if _, err := s.submit(ctx, s.hosts[third:], map[string]any{"max_parallel": "3"}); err != nil {
		return err
	}
	if err := s.awaitPatches(ctx, s.hosts[2*third:2*third+3]); err != nil {
		return err
	}
	s.kills++
	if err := s.KillTemporal(); err != nil {
		return err
	}
	if err := s.EmptyTemporal(); err != nil {
		return err
	}
	if err := s.RestartTemporal(ctx); err != nil {
		return err
	}
	answers := time.Now()
	if err := s.mendAndAwait(ctx, held); err != nil {
		return err
	}
	s.recovers("hosts that waited are patched after Temporal was emptied", time.Since(answers), keepInterval+30*time.Second)
	return s.awaitPatches(ctx, s.hosts)
}

// keepInterval is how often a worker looks whether Temporal has its schedules.
const keepInterval = time.Minute
