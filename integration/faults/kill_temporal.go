package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// killTemporal has Temporal away for ten seconds while hosts are patched and the windows of some open, and once more while
// the windows of others close.
func killTemporal(ctx context.Context, s *scene) error {
	quarter := len(s.hosts) / 4
	closing, opening := s.hosts[:quarter], s.hosts[quarter:2*quarter]
	end, start := wholeMinute(time.Now().Add(time.Minute)), wholeMinute(time.Now().Add(cutoff))
	for _, h := range closing {
		h.SetServiceHealthy(service, false)
		if err := s.moveWindow(ctx, h, end.Add(-3*time.Hour), end); err != nil {
			return err
		}
	}
	for _, h := range opening {
		if err := s.moveWindow(ctx, h, start, start.Add(3*time.Hour)); err != nil {
			return err
		}
	}
	if err := s.awaitUnhealthy(ctx, closing); err != nil {
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
	wait := time.Until(end.Add(-cutoff - 5*time.Second))
	if err := sleep(ctx, wait); err != nil || wait < 0 {
		return errors.Join(err, fmt.Errorf("the last start was %s ahead when Temporal was to go", wait))
	}
	if err := s.awayTemporal(ctx, 10*time.Second); err != nil {
		return err
	}
	for _, h := range closing {
		h.SetServiceHealthy(service, true) // too late
	}
	s.awaitEnds(ctx)
	return s.expectClosed(ctx, job, closing)
}

// expectClosed expects that hosts ended with their windows.
func (s *scene) expectClosed(ctx context.Context, job string, closing []*host) error {
	runs, err := s.runsOf(context.WithoutCancel(ctx), job)
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
			s.recovers("some host is asked something after Temporal answers", first.Sub(answers), 30*time.Second)
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
