package main

import (
	"context"
	"fmt"
	"time"

	"github.com/patch-manager/patch-manager/agent/agenttest"
)

// upgradeAndDowngrade replaces the worker by a newer build, by the older one again and by the newer one once more, each beside the
// other for a moment, while hosts wait at the gate. Runs that the newer build began are ones that the older one must not touch.
func upgradeAndDowngrade(ctx context.Context, s *scene) error {
	third := len(s.hosts) / 3
	begunByOlder, begunByNewer, later := s.hosts[:third], s.hosts[third:2*third], s.hosts[2*third:]
	for _, h := range s.hosts[:2*third] {
		h.PlanJobs(agenttest.JobPlan{Duration: 2 * time.Second})
		h.SetServiceHealthy(service, false)
	}
	if err := s.awaitUnhealthy(ctx, s.hosts[:2*third]); err != nil {
		return err
	}
	for _, step := range []func() error{
		func() error { return s.submitAndHold(ctx, begunByOlder) },
		func() error { return s.replaceWorker(ctx, s.newer) },
		func() error { return s.mendAndAwait(ctx, begunByOlder[:third/2]) },
		func() error { return s.submitAndHold(ctx, begunByNewer) },
		func() error { return s.replaceWorker(ctx, s.older) },
		func() error { return s.mendAndAwait(ctx, begunByOlder[third/2:]) },
		func() error { return s.mendAndExpectNothing(ctx, begunByNewer) },
		func() error { _, err := s.submit(ctx, later, nil); return err },
		func() error { return s.awaitPatches(ctx, later) },
		func() error { return s.replaceWorker(ctx, s.newer) },
		func() error { return s.awaitPatches(ctx, begunByNewer) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (s *scene) replaceWorker(ctx context.Context, program string) error {
	s.faults++
	s.UseProgram(program)
	return s.ReplaceWorker(ctx)
}

// submitAndHold submits a job over hosts that are not healthy, and waits until each of them waits for that.
func (s *scene) submitAndHold(ctx context.Context, hosts []*host) error {
	job, err := s.submit(ctx, hosts, nil)
	if err != nil {
		return err
	}
	for {
		runs, err := s.runsOf(ctx, job)
		if err != nil {
			return err
		}
		waiting := 0
		for _, r := range runs {
			if r.Status == "waiting_health_check" {
				waiting++
			}
		}
		if waiting == len(hosts) {
			return nil
		}
		if err := sleep(ctx, lookInterval); err != nil {
			return fmt.Errorf("%d of %d hosts wait at the gate: %w", waiting, len(hosts), err)
		}
	}
}

func (s *scene) mendAndAwait(ctx context.Context, hosts []*host) error {
	mend(hosts)
	return s.awaitPatches(ctx, hosts)
}

func sicken(hosts []*host) {
	for _, h := range hosts {
		h.SetServiceHealthy(service, false)
	}
}

func mend(hosts []*host) {
	for _, h := range hosts {
		h.SetServiceHealthy(service, true)
	}
}

// awaitPatches waits until each of the hosts was patched.
func (s *scene) awaitPatches(ctx context.Context, hosts []*host) error {
	for {
		patched := s.patched(hosts)
		if patched == len(hosts) {
			return nil
		}
		if err := sleep(ctx, lookInterval); err != nil {
			return fmt.Errorf("%d of %d hosts were patched: %w", patched, len(hosts), err)
		}
	}
}

// patched counts the hosts that were patched.
func (s *scene) patched(hosts []*host) (n int) {
	for _, h := range hosts {
		if len(s.Fleet.ExecutionsOf(h.FQDN(), applied)) > 0 {
			n++
		}
	}
	return n
}

// mendAndExpectNothing mends hosts that nobody may patch for now, though a wake-up and several tries of the gate were due.
func (s *scene) mendAndExpectNothing(ctx context.Context, hosts []*host) error {
	mend(hosts)
	if err := sleep(ctx, 15*time.Second); err != nil {
		return err
	}
	n := s.patched(hosts)
	s.expect(n == 0, "an older worker patched %d hosts whose runs it can not know", n)
	return nil
}
