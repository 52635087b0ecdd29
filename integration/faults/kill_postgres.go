package main

import (
	"context"
	"net/http"
	"time"

	"github.com/patch-manager/patch-manager/agent/agenttest"
)

// The moments at which Postgres dies.
const (
	intentMoment  = "about when an intent is committed"
	requestMoment = "while a request is under way"
	sweepMoment   = "in the midst of a sweep"
)

var postgresMoments = []string{intentMoment, requestMoment, sweepMoment}

// killPostgres has Postgres die again and again while two jobs patch the same hosts.
func killPostgres(ctx context.Context, s *scene) error {
	moments := map[string]chan struct{}{intentMoment: make(chan struct{}), requestMoment: make(chan struct{})}
	for _, h := range s.hosts {
		h.PlanJobs(agenttest.JobPlan{NotInstalled: []string{openssl}}) // so that the second job finds something to do as well
		h.Inject("GET /system/info", agenttest.Always, s.then(moments[intentMoment]))
		h.Inject("POST /patches/apply", agenttest.Always, meanwhile(moments[requestMoment]))
	}
	for range 2 {
		if _, err := s.submit(ctx, s.hosts, map[string]any{"max_parallel": "4"}); err != nil {
			return err
		}
	}
	deaths := 9
	if s.quick {
		deaths = 4
	}
	met := map[string]int{}
	for i := range deaths {
		moment := postgresMoments[i%len(postgresMoments)]
		patience := time.Minute // each has to be met once, however busy the machine is
		if met[moment] > 0 {
			patience = 15 * time.Second
		}
		came, err := s.awaitMoment(ctx, moments[moment], patience)
		if err != nil {
			return err
		}
		if came {
			met[moment]++
		}
		if err := s.crashPostgres(ctx); err != nil {
			return err
		}
	}
	s.expect(met[intentMoment] > 0 && met[requestMoment] > 0, "Postgres did not die at each of its moments: %v", met)
	return nil
}

// awaitMoment waits for a moment and reports whether it came; one of a sweep, which has no channel, is any.
func (s *scene) awaitMoment(ctx context.Context, moment <-chan struct{}, patience time.Duration) (came bool, err error) {
	if moment == nil {
		patience = between(s.random, 3*time.Second, 6*time.Second)
	}
	select {
	case <-ctx.Done():
		return false, ctx.Err()
	case <-moment:
		return true, nil
	case <-time.After(patience):
		return false, nil
	}
}

// then answers, and offers a moment within the next milliseconds.
func (s *scene) then(moments chan<- struct{}) agenttest.Fault {
	after := between(s.random, 0, 10*time.Millisecond)
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(w, r)
		time.AfterFunc(after, func() { offer(moments) })
	}
}

// meanwhile offers a moment, and then carries out and answers what was asked.
func meanwhile(moments chan<- struct{}) agenttest.Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		offer(moments)
		next.ServeHTTP(w, r)
	}
}

// offer gives a moment to whoever waits for one, and otherwise lets it pass.
func offer(moments chan<- struct{}) {
	select {
	case moments <- struct{}{}:
	default:
	}
}

func (s *scene) crashPostgres(ctx context.Context) error {
	s.kills++
	if err := s.KillPostgres(); err != nil {
		return err
	}
	if err := sleep(ctx, between(s.random, 200*time.Millisecond, 3*time.Second)); err != nil {
		return err
	}
	return s.restorePostgres(ctx)
}

// restorePostgres starts Postgres again, and measures how long the API takes to be ready from when it answers.
func (s *scene) restorePostgres(ctx context.Context) error {
	if err := s.RestartPostgres(ctx); err != nil {
		return err
	}
	took, err := s.awaitReady(ctx)
	s.recovers("the API is ready after Postgres answers", took, 10*time.Second)
	return err
}
