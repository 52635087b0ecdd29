package main

import (
	"context"
	"net/http"
	"time"
)

// submittedMeanwhile are the hosts of a job that is submitted while something is away.
const submittedMeanwhile = 2

// refusePostgres has Postgres away for half a minute, in which the API is asked and must say so. A job that is submitted
// meanwhile is none; submitted again with its key once Postgres is back, twice even, it is one.
func refusePostgres(ctx context.Context, s *scene) error {
	now, later := s.hosts[submittedMeanwhile:], newOrder(s.hosts[:submittedMeanwhile])
	if _, err := s.submit(ctx, now, map[string]any{"max_parallel": "6"}); err != nil {
		return err
	}
	if err := sleep(ctx, between(s.random, time.Second, 3*time.Second)); err != nil {
		return err
	}
	s.kills++
	if err := s.KillPostgres(); err != nil {
		return err
	}
	for until := time.Now().Add(30 * time.Second); time.Now().Before(until); {
		if err := s.askWithoutPostgres(ctx, later); err != nil {
			return err
		}
		if err := sleep(ctx, time.Second); err != nil {
			return err
		}
	}
	if err := s.restorePostgres(ctx); err != nil {
		return err
	}
	for range 2 {
		if err := s.place(ctx, later); err != nil {
			return err
		}
	}
	return nil
}

// askWithoutPostgres asks for what can not be answered without the database.
func (s *scene) askWithoutPostgres(ctx context.Context, o order) error {
	for _, q := range []question{listHosts, o.question} {
		if err := s.expectRefused(ctx, "Postgres is away", q); err != nil {
			return err
		}
	}
	return s.expectAway(ctx, databasePart, http.StatusServiceUnavailable)
}
