package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/google/uuid"
)

// question is a request to the API as a client makes it who wants to see the whole answer.
type question struct {
	method, path string
	body         any    // nil for none
	key          string // Idempotency-Key; empty for none
}

// said is an answer of the API.
type said struct {
	status     int
	retryAfter string
	body       []byte
}

// answerTimeout bounds the wait for an answer. The API answers within 30 s, whatever is away.
const answerTimeout = 35 * time.Second

// ask asks the API. What is no answer at all is an error.
func (s *scene) ask(ctx context.Context, q question) (said, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	body, err := json.Marshal(q.body)
	if err != nil {
		return said{}, fmt.Errorf("encode request: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, q.method, s.API.URL()+q.path, bytes.NewReader(body))
	if err != nil {
		return said{}, fmt.Errorf("ask the API: %w", err)
	}
	token, err := s.token()
	if err != nil {
		return said{}, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	if q.body == nil {
		request.Body, request.ContentLength = http.NoBody, 0
	} else {
		request.Header.Set("Content-Type", "application/json")
	}
	if q.key != "" {
		request.Header.Set("Idempotency-Key", q.key)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return said{}, fmt.Errorf("ask the API: %w", err)
	}
	defer answer.Body.Close()
	heard := said{status: answer.StatusCode, retryAfter: answer.Header.Get("Retry-After")}
	if heard.body, err = io.ReadAll(answer.Body); err != nil {
		return said{}, fmt.Errorf("ask the API: %w", err)
	}
	return heard, nil
}

// refuses reports whether an answer is the one that is due while something is away.
func (a said) refuses() bool { return a.status == http.StatusServiceUnavailable && a.retryAfter != "" }

func (a said) String() string {
	return fmt.Sprintf("%d, Retry-After %q: %s", a.status, a.retryAfter, a.body)
}

// readiness is what /readyz says.
type readiness struct {
	Status string            `json:"status"`
	Checks map[string]string `json:"checks"`
}

// expectAway expects that /readyz says with a status which part is away, and that it is this one alone.
func (s *scene) expectAway(ctx context.Context, part string, status int) error {
	answer, err := s.ask(ctx, question{method: http.MethodGet, path: "/readyz"})
	if err != nil {
		return err
	}
	var r readiness
	if err := json.Unmarshal(answer.body, &r); err != nil {
		return fmt.Errorf("read /readyz: %w", err)
	}
	away := []string{}
	for name, state := range r.Checks {
		if state != "ok" {
			away = append(away, name)
		}
	}
	s.expect(answer.status == status && len(away) == 1 && away[0] == part, "/readyz while the %s is away: %s", part, answer)
	return nil
}

// expectRefused expects that the API answers with 503 and when to ask again.
func (s *scene) expectRefused(ctx context.Context, while string, q question) error {
	answer, err := s.ask(ctx, q)
	if err != nil {
		return err
	}
	s.expect(answer.refuses(), "%s %s while %s: %s", q.method, q.path, while, answer)
	return nil
}

// order is a job that is submitted with a key of its own, and may be so again.
type order struct {
	question
	hosts []*host
}

func newOrder(hosts []*host) order {
	body := map[string]any{"host_ids": ids(hosts), "max_parallel": "100%", "max_failures": "100%"}
	return order{question{http.MethodPost, "/api/v1/jobs", body, uuid.NewString()}, hosts}
}

// place submits an order that is to be accepted, for the first time or again.
func (s *scene) place(ctx context.Context, o order) error {
	answer, err := s.ask(ctx, o.question)
	if err != nil {
		return err
	}
	return s.accept(answer, o)
}

// accept remembers the job of an order, which is one however often it was accepted.
func (s *scene) accept(answer said, o order) error {
	var made struct{ ID string }
	if err := json.Unmarshal(answer.body, &made); err != nil || answer.status != http.StatusAccepted {
		return fmt.Errorf("submit a job: %s", answer)
	}
	if _, known := s.jobs[made.ID]; !known {
		s.jobs[made.ID] = o.hosts
		s.changed["job.create"]++
	}
	return nil
}
