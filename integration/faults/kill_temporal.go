package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// killTemporal has Temporal away for ten seconds while hosts are patched, and once more for so long that what is known of checks
// is too old by then, while windows of some hosts close and those of others open; some of the latter turn unhealthy meanwhile. A job
// that is submitted in the former is accepted, and has run in the end.
func killTemporal(ctx context.Context, s *scene) error {
	quarter := len(s.hosts) / 4
	closing, opening := s.hosts[:quarter], s.hosts[quarter:2*quarter]
	turning := opening[:quarter-1]
	border := wholeMinute(time.Now().Add(25*time.Second + tooOld)) // after the first time that it is away
	for _, h := range closing {
		h.SetServiceHealthy(service, false)
		if err := s.moveWindow(ctx, h, border.Add(-3*time.Hour), border); err != nil {
			return err
		}
	}
	for _, h := range opening {
		if err := s.moveWindow(ctx, h, border, border.Add(3*time.Hour)); err != nil {
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
	if err := s.awayTemporal(ctx, 10*time.Second, func() error { return s.askWithoutTemporal(ctx, later) }); err != nil {
		return err
	}
	wait := time.Until(border.Add(-tooOld))
	if err := sleep(ctx, wait); err != nil || wait < 0 {
		return errors.Join(err, fmt.Errorf("the border of windows was %s ahead when Temporal was to go", wait+tooOld))
	}
	if err := s.awayTemporal(ctx, time.Until(border.Add(time.Second)), func() error { sicken(turning); return s.askWithoutTemporal(ctx, nil) }); err != nil {
		return err
	}
	mend(closing) // too late
	if err := sleep(ctx, 10*time.Second); err != nil {
		return err
	}
	n := s.patched(turning)
	s.expect(n == 0, "%d hosts were patched that had turned unhealthy while Temporal was away", n)
	mend(turning)
	s.awaitEnds(ctx)
	return s.expectClosed(ctx, job, closing)
}

// tooOld is how long after its last result a check tells nothing any more, and some more.
const tooOld = maxAge + 10*time.Second

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

// awayTemporal has Temporal away, in which a check is to be tested and something else happens.
func (s *scene) awayTemporal(ctx context.Context, away time.Duration, meanwhile func() error) error {
	test, err := s.testNow(ctx, s.hosts[0])
	if err != nil {
		return err
	}
	s.kills++
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
	back := time.After(away)
	if err := meanwhile(); err != nil {
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
