package main

import (
	"context"
	"time"
)

// killTemporal has Temporal away for ten seconds while hosts are patched, and once more while the windows of others close.
func killTemporal(ctx context.Context, s *scene) error {
	closing := s.hosts[:len(s.hosts)/4]
	for _, h := range closing {
		h.SetServiceHealthy(service, false)
		if err := s.closeSoon(ctx, h); err != nil {
			return err
		}
	}
	if err := s.awaitUnhealthy(ctx, len(closing)); err != nil {
		return err
	}
	job, err := s.submit(ctx, s.hosts, map[string]any{"max_parallel": "4"})
	if err != nil {
		return err
	}
	if err := sleep(ctx, between(s.random, time.Second, 4*time.Second)); err != nil {
		return err
	}
	if err := s.awayTemporal(ctx, 10*time.Second); err != nil {
		return err
	}
	lastStart := closing[0].end.Add(-cutoff)
	if err := sleep(ctx, time.Until(lastStart.Add(-5*time.Second))); err != nil {
		return err
	}
	if err := s.awayTemporal(ctx, 10*time.Second); err != nil {
		return err
	}
	for _, h := range closing {
		h.SetServiceHealthy(service, true) // too late
	}
	s.awaitEnds(ctx)
	runs, err := s.runsOf(ctx, job)
	for _, r := range runs {
		for _, h := range closing {
			s.expect(h.FQDN() != r.FQDN || r.Reason != nil && *r.Reason == "window_closed", "%s is %s, and its window closed: %s", r.FQDN, r.Status, r.Detail)
		}
	}
	return err
}

func (s *scene) awayTemporal(ctx context.Context, away time.Duration) error {
	s.faults++
	if err := s.KillTemporal(); err != nil {
		return err
	}
	if err := sleep(ctx, away); err != nil {
		return err
	}
	if err := s.RestartTemporal(ctx); err != nil {
		return err
	}
	answers := time.Now()
	if _, err := s.awaitReady(ctx); err != nil {
		return err
	}
	for {
		if first := s.firstRequest(answers); !first.IsZero() {
			s.recovers("hosts are asked again after Temporal answers", first.Sub(answers), 30*time.Second)
			return nil
		}
		if err := sleep(ctx, lookInterval); err != nil {
			return err
		}
	}
}

// firstRequest is when some host was asked something first since then.
func (s *scene) firstRequest(since time.Time) (first time.Time) {
	for _, h := range s.hosts {
		if at := asked(h, "GET ", since); !at.IsZero() && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first
}
