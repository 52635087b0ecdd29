package main

import (
	"context"
	"net/http"
	"time"
)

// killPostgres has Postgres die while intents are committed, while requests are under way and while results are stored.
func killPostgres(ctx context.Context, s *scene) error {
	moments := make(chan struct{})
	chosen := s.random.Perm(len(s.hosts))
	for _, i := range chosen[:len(chosen)/4] {
		s.hosts[i].Inject("GET /jobs", 1, s.then(moments)) // the last question before the intent is committed
	}
	for _, i := range chosen[len(chosen)/4 : len(chosen)/2] {
		s.hosts[i].Inject("POST /patches/apply", 1, s.meanwhile(moments))
	}
	if _, err := s.submit(ctx, s.hosts, map[string]any{"max_parallel": "6"}); err != nil {
		return err
	}
	deaths := 8
	if s.quick {
		deaths = 4
	}
	for range deaths {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-moments:
		case <-time.After(between(s.random, 3*time.Second, 6*time.Second)): // in the midst of a sweep's batches
		}
		if err := s.crashPostgres(ctx); err != nil {
			return err
		}
	}
	return nil
}

// then answers and has Postgres die within the next milliseconds, if it lives.
func (s *scene) then(moments chan<- struct{}) func(http.ResponseWriter, *http.Request, http.Handler) {
	after := between(s.random, 0, 10*time.Millisecond)
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(w, r)
		time.AfterFunc(after, func() { offer(moments) })
	}
}

// meanwhile has Postgres die, if it lives, and then carries out and answers what was asked.
func (s *scene) meanwhile(moments chan<- struct{}) func(http.ResponseWriter, *http.Request, http.Handler) {
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
	s.faults++
	if err := s.KillPostgres(); err != nil {
		return err
	}
	if err := sleep(ctx, between(s.random, 200*time.Millisecond, 3*time.Second)); err != nil {
		return err
	}
	if err := s.RestartPostgres(ctx); err != nil {
		return err
	}
	took, err := s.awaitReady(ctx)
	s.recovers("the API is ready after Postgres answers", took, 10*time.Second)
	return err
}
