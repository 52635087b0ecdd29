package main

import (
	"context"
	"slices"
	"time"

	"github.com/patch-manager/patch-manager/agent/agenttest"
)

// What becomes of a host of killWorkers, by its number: each phase of a run has some.
const (
	plain      = iota
	recovering // unhealthy, and mended while workers die
	rebooting
	breaking // its service does not survive the patch
	hopeless // unhealthy until its window closes
	restarting
	kinds
)

// killWorkers has 60 hosts in every phase while the worker dies again and again.
func killWorkers(ctx context.Context, s *scene) error {
	if err := s.setOut(ctx); err != nil {
		return err
	}
	if _, err := s.submit(ctx, s.hosts, map[string]any{"allow_reboot": true, "max_parallel": "50%"}); err != nil {
		return err
	}
	// A window that closes before a worker ever saw the host is none that it was to be patched in.
	s.awaitRuns(ctx, func(r run) bool { return r.Status != "queued" && r.Status != "waiting_window" })
	deaths := 9
	if s.quick {
		deaths = 6
	}
	for range deaths {
		if err := sleep(ctx, between(s.random, 1500*time.Millisecond, 3500*time.Millisecond)); err != nil {
			return err
		}
		if err := s.crash(ctx); err != nil {
			return err
		}
		s.stir()
	}
	s.mendAll()
	s.awaitEnds(ctx)
	for i, h := range s.hosts {
		if i%kinds == hopeless {
			s.expect(len(s.Fleet.ExecutionsOf(h.FQDN(), applied)) == 0, "%s was patched, and was never healthy", h.FQDN())
		}
	}
	return nil
}

// setOut makes each host what its number says, and waits until the manager knows of those that are unhealthy: what it had seen
// of them before would count for half a minute.
func (s *scene) setOut(ctx context.Context) error {
	var unhealthy []*host
	for i, h := range s.hosts {
		h.PlanJobs(agenttest.JobPlan{Duration: between(s.random, time.Second, 8*time.Second)})
		switch i % kinds {
		case breaking:
			h.PlanJobs(agenttest.JobPlan{Breaks: service})
		case recovering:
			h.SetWebHealthy(false)
			unhealthy = append(unhealthy, h)
		case hopeless:
			h.SetServiceHealthy(service, false)
			unhealthy = append(unhealthy, h)
		}
	}
	if err := s.awaitUnhealthy(ctx, unhealthy); err != nil {
		return err
	}
	end := wholeMinute(time.Now().Add(time.Minute))
	for i, h := range s.hosts {
		if i%kinds != hopeless {
			continue
		}
		if err := s.moveWindow(ctx, h, end.Add(-3*time.Hour), end); err != nil {
			return err
		}
	}
	return nil
}

// awaitUnhealthy waits until the manager has seen that hosts are unhealthy.
func (s *scene) awaitUnhealthy(ctx context.Context, hosts []*host) error {
	for {
		var found struct{ Items []struct{ ID string } }
		if err := s.API.Do(ctx, "GET", "/hosts?health=unhealthy&limit=100", nil, &found); err != nil {
			return err
		}
		seen := map[string]bool{}
		for _, h := range found.Items {
			seen[h.ID] = true
		}
		if !slices.ContainsFunc(hosts, func(h *host) bool { return !seen[h.id] }) {
			return nil
		}
		if err := sleep(ctx, lookInterval); err != nil {
			return err
		}
	}
}

// stir mends some of those that are to recover, and restarts some agents.
func (s *scene) stir() {
	for i, h := range s.hosts {
		if s.random.IntN(4) > 0 {
			continue
		}
		switch i % kinds {
		case recovering:
			h.SetWebHealthy(true)
		case restarting:
			h.RestartAgent()
		}
	}
}

func (s *scene) mendAll() {
	for i, h := range s.hosts {
		if i%kinds == recovering {
			h.SetWebHealthy(true)
		}
	}
}
