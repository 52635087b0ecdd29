package main

import (
	"context"
	"time"
)

// pauseWorker freezes a worker at the last moment before it commits or sends something, until another one has taken over what
// it was at, and lets it go on then.
func pauseWorker(ctx context.Context, s *scene) error {
	moments := make(chan struct{})
	for _, i := range s.random.Perm(len(s.hosts))[:len(s.hosts)/2] {
		s.hosts[i].Inject("GET /jobs", 1, s.then(moments))
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
	if _, err := s.AddWorker(ctx); err != nil {
		return err
	}
	if err := sleep(ctx, heartbeat+10*time.Second); err != nil {
		return err
	}
	return s.ResumeWorker()
}
