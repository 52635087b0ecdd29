package main

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// refusePostgres has Postgres away for half a minute, in which the API is asked and must say so.
func refusePostgres(ctx context.Context, s *scene) error {
	if _, err := s.submit(ctx, s.hosts, map[string]any{"max_parallel": "6"}); err != nil {
		return err
	}
	if err := sleep(ctx, between(s.random, time.Second, 3*time.Second)); err != nil {
		return err
	}
	s.faults++
	if err := s.KillPostgres(); err != nil {
		return err
	}
	for until := time.Now().Add(30 * time.Second); time.Now().Before(until); {
		said, err := s.askAPI(ctx)
		if err != nil {
			return err
		}
		s.expect(said == "", "the API without its database: %s", said)
		if err := sleep(ctx, time.Second); err != nil {
			return err
		}
	}
	return s.restorePostgres(ctx)
}

// askAPI returns what is wrong with an answer of the API while a part of it is away; empty if nothing.
func (s *scene) askAPI(ctx context.Context) (wrong string, err error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.API.URL()+"/api/v1/hosts", http.NoBody)
	if err != nil {
		return "", fmt.Errorf("ask the API: %w", err)
	}
	token, err := s.token()
	if err != nil {
		return "", err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err.Error(), nil
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusServiceUnavailable || answer.Header.Get("Retry-After") == "" {
		return fmt.Sprintf("%s, Retry-After %q", answer.Status, answer.Header.Get("Retry-After")), nil
	}
	return "", nil
}
