package main

import (
	"context"
	"fmt"
	"net/http"
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

// killWorkers has 60 hosts in every phase while the worker dies again and again, and further jobs over the same hosts come.
func killWorkers(ctx context.Context, s *scene) error {
	if err := s.setOut(ctx); err != nil {
		return err
	}
	if err := s.submitWave(ctx, s.hosts); err != nil {
		return err
	}
	// A window that closes before a worker ever saw the host is none that it was to be patched in.
	s.awaitRuns(ctx, func(r run) bool { return r.Status != "queued" && r.Status != "waiting_window" })
	waves, lasts := 2, 25*time.Second
	if s.quick {
		waves, lasts = 1, 15*time.Second
	}
	for wave := range waves {
		if wave > 0 {
			if err := s.submitWave(ctx, s.hopeful()); err != nil {
				return err
			}
		}
		for until := time.Now().Add(lasts); time.Now().Before(until); {
			due := time.Now().Add(between(s.random, 1500*time.Millisecond, 3500*time.Millisecond))
			if err := s.crash(ctx); err != nil {
				return err
			}
			s.stir()
			if err := sleep(ctx, time.Until(due)); err != nil {
				return err
			}
		}
	}
	s.mendUntilEnded(ctx)
	for i, h := range s.hosts {
		if i%kinds == hopeless {
			s.expect(len(s.Fleet.ExecutionsOf(h.FQDN(), applied)) == 0, "%s was patched, and was never healthy", h.FQDN())
		}
	}
	return nil
}

// hopeful are the hosts whose window does not close. The others would wait for their next one, which never comes.
func (s *scene) hopeful() (hosts []*host) {
	for i, h := range s.hosts {
		if i%kinds != hopeless {
			hosts = append(hosts, h)
		}
	}
	return hosts
}

// submitWave submits a job over hosts, which list their update again.
func (s *scene) submitWave(ctx context.Context, hosts []*host) error {
	for _, h := range hosts {
		h.ResetPatches()
	}
	_, err := s.submit(ctx, hosts, map[string]any{"allow_reboot": true, "max_parallel": "50%"})
	return err
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
		missing := slices.IndexFunc(hosts, func(h *host) bool { return !seen[h.id] })
		if missing < 0 {
			return nil
		}
		if err := sleep(ctx, lookInterval); err != nil {
			return fmt.Errorf("nobody sees that %s is unhealthy: %w", hosts[missing].FQDN(), err)
		}
	}
}

// stir has some of those that are to recover do so, or fall ill again, restarts some agents, and mends what a patch broke.
func (s *scene) stir() {
	for i, h := range s.hosts {
		if s.random.IntN(4) > 0 {
			continue
		}
		switch i % kinds {
		case recovering:
			h.SetWebHealthy(s.random.IntN(3) > 0)
		case restarting:
			h.RestartAgent()
		case breaking:
			s.mendBroken(h)
		}
	}
}

// mendBroken mends a host whose service did not survive its first patch, and has the next ones spare it.
func (s *scene) mendBroken(h *host) {
	if len(s.Fleet.ExecutionsOf(h.FQDN(), applied)) > 0 {
		h.PlanJobs(agenttest.JobPlan{})
		h.SetServiceHealthy(service, true)
	}
}

// mendUntilEnded mends the hosts that wait for that, but those without hope, and settles what keeps others waiting, until every run
// has ended or ctx does.
func (s *scene) mendUntilEnded(ctx context.Context) {
	s.awaitRuns(ctx, func(r run) bool {
		i := slices.IndexFunc(s.hosts, func(h *host) bool { return h.FQDN() == r.FQDN })
		switch {
		case r.Status == "waiting_health_check" && i%kinds != hopeless:
			s.mendBroken(s.hosts[i])
			s.hosts[i].SetWebHealthy(true)
		case r.Status == "waiting_slot":
			s.settle(ctx, r.FQDN)
		}
		return slices.Contains(ended, r.Status)
	})
}

// settle does what an operator has to: of a host whose outcome nobody can know, and which no other job gets before, it says how
// that was.
func (s *scene) settle(ctx context.Context, fqdn string) {
	i := slices.IndexFunc(s.hosts, func(h *host) bool { return h.FQDN() == fqdn })
	if i < 0 {
		return // it was deleted
	}
	h := s.hosts[i]
	runs, err := s.runs(ctx)
	for _, r := range runs {
		if err != nil || r.FQDN != fqdn || r.Status != "indeterminate" {
			continue
		}
		err = s.change(ctx, "job_host.settle", http.MethodPost, "/jobs/"+r.Job+"/hosts/"+h.id+"/settle",
			map[string]any{"outcome": "failed", "note": "looked at by the harness"}, nil)
	}
	s.expect(err == nil || ctx.Err() != nil, "%s was not settled: %v", fqdn, err)
}
