package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/patch-manager/patch-manager/agent/agenttest"
)

// cancelAt is how far a job is when it is cancelled, while others of its hosts wait for a window, a check or a slot.
type cancelAt int

const (
	dispatching cancelAt = iota // about when an intent is committed
	applying
	anywhere
	cancelPoints
)

// hostsOfACancelledJob are one that waits for a check, one that waits for its window, and those that are patched.
const hostsOfACancelledJob = 6

// cancelAnywhere cancels jobs at every point. Not one of their hosts begins a patch after that was acknowledged.
func cancelAnywhere(ctx context.Context, s *scene) error {
	var unhealthy []*host
	start := wholeMinute(time.Now().Add(longest))
	for from := 0; from < len(s.hosts); from += hostsOfACancelledJob {
		h, later := s.hosts[from], s.hosts[from+1]
		h.SetServiceHealthy(service, false)
		unhealthy = append(unhealthy, h)
		if err := s.moveWindow(ctx, later, start, start.Add(time.Hour)); err != nil {
			return err
		}
	}
	if err := s.awaitUnhealthy(ctx, unhealthy); err != nil {
		return err
	}
	for from := 0; from < len(s.hosts); from += hostsOfACancelledJob {
		at := cancelAt(from / hostsOfACancelledJob % int(cancelPoints))
		if err := s.cancelOne(ctx, s.hosts[from:from+hostsOfACancelledJob], at); err != nil {
			return err
		}
	}
	return nil
}

func (s *scene) cancelOne(ctx context.Context, hosts []*host, at cancelAt) error {
	moments := make(chan struct{})
	for _, h := range hosts {
		h.PlanJobs(agenttest.JobPlan{Duration: 4 * time.Second})
		switch at {
		case dispatching:
			h.Inject("GET /system/info", agenttest.Always, s.then(moments))
		case applying:
			h.Inject("GET /jobs/", agenttest.Always, meanwhile(moments)) // it is followed
		}
	}
	job, err := s.submit(ctx, hosts, map[string]any{"max_parallel": fmt.Sprint(1 + s.random.IntN(3))})
	if err != nil {
		return err
	}
	wait := patience
	if at == anywhere {
		wait = between(s.random, 0, 6*time.Second)
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-moments:
	case <-time.After(wait):
		s.expect(at == anywhere, "no host of job %s came to where it was to be cancelled", job)
	}
	s.faults++
	if err := s.change(ctx, "job.cancel", http.MethodPost, "/jobs/"+job+"/cancel", nil, nil); err != nil {
		return err
	}
	acknowledged := time.Now()
	s.awaitEnds(ctx)
	for _, h := range hosts {
		for _, e := range s.Fleet.ExecutionsOf(h.FQDN(), applied) {
			s.expect(!e.StartedAt.After(acknowledged), "%s was patched %s after the cancel was acknowledged", h.FQDN(), e.StartedAt.Sub(acknowledged))
		}
	}
	return nil
}

// patience is for what is only a matter of work.
const patience = 20 * time.Second
