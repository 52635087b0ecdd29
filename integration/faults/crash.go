package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// heartbeat is how long Temporal waits for a word of an activity whose worker died.
const heartbeat = 30 * time.Second

// crash kills the worker, starts it again, and measures how long what it did takes to go on.
func (s *scene) crash(ctx context.Context) error {
	applying := s.applying()
	s.kills++
	died := time.Now()
	if err := s.KillWorker(); err != nil {
		return err
	}
	if err := s.StartWorker(ctx); err != nil {
		return err
	}
	s.crashes = append(s.crashes, crash{died, time.Now(), applying})
	return nil
}

// crash is one death of the worker.
type crash struct {
	died, ready time.Time
	applying    []*host // whose patch was being followed
}

// applying are the hosts on which a patch runs by now.
func (s *scene) applying() []*host {
	now := time.Now()
	running := map[string]bool{}
	for _, e := range s.Fleet.Executions() {
		running[e.FQDN] = e.Operation == applied && e.EndsAt.After(now)
	}
	return slices.DeleteFunc(slices.Clone(s.hosts), func(h *host) bool { return !running[h.FQDN()] })
}

// measureCrashes notes how long patches waited for a worker, after the deaths that were followed by none within that time.
func (s *scene) measureCrashes(ctx context.Context) error {
	if len(s.crashes) == 0 {
		return nil
	}
	last := s.crashes[len(s.crashes)-1]
	for _, h := range last.applying {
		if again := asked(h, "GET /jobs/", last.ready); !again.IsZero() {
			s.recovers("a patch is followed again after its worker died", again.Sub(last.died), heartbeat+5*time.Second)
		}
	}
	first, err := s.firstEvaluation(ctx, last.ready)
	if err != nil || first.IsZero() {
		return err
	}
	s.recovers("the gate judges again after a worker started", first.Sub(last.ready), 10*time.Second)
	return nil
}

// firstEvaluation is when the gate was asked first since then.
func (s *scene) firstEvaluation(ctx context.Context, since time.Time) (first time.Time, err error) {
	type evaluated struct {
		Evaluations []struct {
			At time.Time `json:"at"`
		} `json:"evaluations"`
	}
	for job, hosts := range s.jobs {
		for _, h := range hosts {
			var one evaluated
			if err := s.API.Do(ctx, "GET", "/jobs/"+job+"/hosts/"+h.id, nil, &one); err != nil {
				return first, fmt.Errorf("read evaluations: %w", err)
			}
			for _, e := range one.Evaluations {
				if e.At.After(since) && (first.IsZero() || e.At.Before(first)) {
					first = e.At
				}
			}
		}
	}
	return first, nil
}
