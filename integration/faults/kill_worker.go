package main

import (
	"context"
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
	unhealthy := 0
	for i, h := range s.hosts {
		h.PlanJobs(agenttest.JobPlan{Duration: between(s.random, time.Second, 8*time.Second)})
		switch i % kinds {
		case breaking:
			h.PlanJobs(agenttest.JobPlan{Breaks: service})
		case recovering:
			h.SetWebHealthy(false)
			unhealthy++
		case hopeless:
			h.SetServiceHealthy(service, false)
			unhealthy++
			if err := s.closeSoon(ctx, h); err != nil {
				return err
			}
		}
	}
	return s.awaitUnhealthy(ctx, unhealthy)
}

func (s *scene) awaitUnhealthy(ctx context.Context, n int) error {
	for {
		var found struct{ Items []struct{ ID string } }
		if err := s.API.Do(ctx, "GET", "/hosts?health=unhealthy&limit=100", nil, &found); err != nil || len(found.Items) == n {
			return err
		}
		if err := sleep(ctx, lookInterval); err != nil {
			return err
		}
	}
}

// closeSoon gives a host a window that closes while the cell runs.
func (s *scene) closeSoon(ctx context.Context, h *host) error {
	var list struct{ Items []struct{ ID string } }
	path := "/hosts/" + h.id + "/maintenance-windows"
	if err := s.API.Do(ctx, "GET", path, nil, &list); err != nil {
		return err
	}
	for _, w := range list.Items {
		if err := s.API.Do(ctx, "DELETE", path+"/"+w.ID, nil, nil); err != nil {
			return err
		}
	}
	return s.openWindow(ctx, h, 2*cutoff)
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
