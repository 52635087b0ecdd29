package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// killTemporal has Temporal away for ten seconds while hosts are patched and the windows of some open, and once more while
// the windows of others close. A job that is submitted meanwhile is accepted, and has run in the end.
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
	now, later := s.hosts[:len(s.hosts)-submittedMeanwhile], s.hosts[len(s.hosts)-submittedMeanwhile:]
	job, err := s.submit(ctx, now, map[string]any{"max_parallel": "4"})
	if err != nil {
		return err
	}
	if err := sleep(ctx, between(s.random, time.Second, 4*time.Second)); err != nil {
		return err
	}
	if err := s.awayTemporal(ctx, later); err != nil {
		return err
	}
	wait := time.Until(end.Add(-cutoff - 5*time.Second))
	if err := sleep(ctx, wait); err != nil || wait < 0 {
		return errors.Join(err, fmt.Errorf("the last start was %s ahead when Temporal was to go", wait))
	}
	if err := s.awayTemporal(ctx, nil); err != nil {
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

// temporalAway is how long Temporal is away.
const temporalAway = 10 * time.Second

// awayTemporal has Temporal away, in which the API is asked and a job over hosts is submitted, unless there are none.
func (s *scene) awayTemporal(ctx context.Context, hosts []*host) error {
	test, err := s.testNow(ctx, s.hosts[0])
	if err != nil {
		return err
	}
	s.faults++
	if err := s.KillTemporal(); err != nil {
		return err
	}
	tested := make(chan error, 1)
	var answer said
	go func() {
		var err error
		answer, err = s.ask(ctx, test)
		tested <- err
	}()
	back := time.After(temporalAway)
	if err := s.askWithoutTemporal(ctx, hosts); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-back:
	}
	if err := s.restoreTemporal(ctx); err != nil {
		return err
	}
	// It waits for Temporal for longer than that was away.
	err = <-tested
	s.expect(err != nil || answer.refuses() || answer.status == http.StatusOK, "a check was tested while Temporal is away: %s", answer)
	return err
}

// askWithoutTemporal asks for what is answered without Temporal too.
func (s *scene) askWithoutTemporal(ctx context.Context, hosts []*host) error {
	if err := s.expectAway(ctx, temporalServer, http.StatusOK); err != nil {
		return err
	}
	if err := s.expectRead(ctx, "Temporal is away"); err != nil || hosts == nil {
		return err
	}
	return s.place(ctx, newOrder(hosts))
}

// testNow is the request to test a check of a host.
func (s *scene) testNow(ctx context.Context, h *host) (question, error) {
	var list struct{ Items []struct{ ID string } }
	if err := s.API.Do(ctx, http.MethodGet, "/hosts/"+h.id+"/health-checks", nil, &list); err != nil {
		return question{}, err
	}
	if len(list.Items) == 0 {
		return question{}, fmt.Errorf("%s has no checks", h.FQDN())
	}
	return question{method: http.MethodPost, path: "/api/v1/hosts/" + h.id + "/health-checks/" + list.Items[0].ID + "/test"}, nil
}

// restoreTemporal starts Temporal again, and measures how long it takes until some host is asked something.
func (s *scene) restoreTemporal(ctx context.Context) error {
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
