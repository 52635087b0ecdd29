package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/patch-manager/patch-manager/agent/agenttest"
)

// cancelAnywhere cancels jobs whose hosts wait for windows, checks and slots, are being dispatched and are being patched. Not
// one of them begins a patch after that was acknowledged.
func cancelAnywhere(ctx context.Context, s *scene) error {
	const each = 6 // hosts of a job
	for from := 0; from+each <= len(s.hosts); from += each {
		if err := s.cancelOne(ctx, s.hosts[from:from+each]); err != nil {
			return err
		}
	}
	return nil
}

func (s *scene) cancelOne(ctx context.Context, hosts []*host) error {
	hosts[0].SetServiceHealthy(service, false)
	if err := s.awaitUnhealthy(ctx, s.broken+1); err != nil {
		return err
	}
	s.broken++
	hosts[1].PlanJobs(agenttest.JobPlan{Duration: 5 * time.Second})
	moments := make(chan struct{})
	for _, h := range hosts[1:] {
		h.Inject("GET /jobs", 1, s.then(moments))
	}
	job, err := s.submit(ctx, hosts, map[string]any{"max_parallel": fmt.Sprint(1 + s.random.IntN(4))})
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-moments:
	case <-time.After(between(s.random, 0, 6*time.Second)):
	}
	s.faults++
	if err := s.API.Do(ctx, http.MethodPost, "/jobs/"+job+"/cancel", nil, nil); err != nil {
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
