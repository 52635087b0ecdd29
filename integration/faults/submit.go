package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/patch-manager/patch-manager/agent/agenttest"
)

const submissions = 100

// submitAtOnce has 100 clients submit one job with one key while another job over the same hosts is submitted.
func submitAtOnce(ctx context.Context, s *scene) error {
	for _, h := range s.hosts {
		h.PlanJobs(agenttest.JobPlan{NotInstalled: []string{openssl}}) // so that the second job finds something to do as well
	}
	token, err := s.token()
	if err != nil {
		return err
	}
	body, err := json.Marshal(map[string]any{"host_ids": ids(s.hosts), "max_parallel": "100%", "max_failures": "100%"})
	if err != nil {
		return fmt.Errorf("encode job: %w", err)
	}
	answers := make([]string, submissions)
	var sending sync.WaitGroup
	for i := range answers {
		sending.Go(func() { answers[i] = s.submitKeyed(ctx, token, body) })
	}
	_, err = s.submit(ctx, s.hosts, nil)
	sending.Wait()
	s.faults += submissions - 1
	for _, answer := range answers {
		s.expect(answer == answers[0], "one key was answered with %s and %s", answers[0], answer)
	}
	s.jobs[answers[0]] = s.hosts
	s.changed["job.create"]++
	s.awaitEnds(ctx)
	for _, h := range s.hosts {
		done := len(s.Fleet.ExecutionsOf(h.FQDN(), applied))
		s.expect(done == 2, "%s carried out %d patches of two jobs", h.FQDN(), done)
	}
	return err
}

// token is the administrator's.
func (s *scene) token() (string, error) {
	token, err := os.ReadFile(filepath.Join(s.dir, "token"))
	if err != nil {
		return "", fmt.Errorf("read token: %w", err)
	}
	return strings.TrimSpace(string(token)), nil
}

// submitKeyed returns the id of the job, or what went wrong.
func (s *scene) submitKeyed(ctx context.Context, token string, body []byte) string {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.API.URL()+"/api/v1/jobs", bytes.NewReader(body))
	if err != nil {
		return err.Error()
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", "one-and-the-same")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err.Error()
	}
	defer answer.Body.Close()
	var made struct{ ID string }
	if err := json.NewDecoder(answer.Body).Decode(&made); err != nil || answer.StatusCode != http.StatusAccepted {
		return answer.Status
	}
	return made.ID
}
