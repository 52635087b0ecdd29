package main

import (
	"context"
	"time"

	"github.com/patch-manager/patch-manager/agent/agenttest"
)

// pauseWorker freezes a worker about when it commits an intent, until another one has taken over what it was at, and lets it go
// on then.
func pauseWorker(ctx context.Context, s *scene) error {
	moments := make(chan struct{})
	for _, h := range s.hosts {
		h.Inject("GET /system/info", agenttest.Always, s.then(moments))
	}
	if _, err := s.submit(ctx, s.hosts, map[string]any{"max_parallel": "50%"}); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-moments:
	}
	s.faults++
	if err := s.PauseWorker(); err != nil {
		return err
	}
	frozen := len(s.Fleet.Executions())
	if _, err := s.AddWorker(ctx); err != nil {
		return err
	}
	if err := sleep(ctx, heartbeat); err != nil {
		return err
	}
	// The polls of the frozen worker are the oldest and get what is tried again first, so that it takes two heartbeats or more.
	for until := time.Now().Add(90 * time.Second); len(s.Fleet.Executions()) == frozen && time.Now().Before(until); {
		if err := sleep(ctx, lookInterval); err != nil {
			return err
		}
	}
	s.expect(len(s.Fleet.Executions()) > frozen, "nobody took over from the frozen worker")
	return s.ResumeWorker()
}
