package main

import (
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
	keyed := newOrder(s.hosts)
	answers := make([]string, submissions)
	var sending sync.WaitGroup
	for i := range answers {
		sending.Go(func() { answers[i] = s.submitKeyed(ctx, keyed) })
	}
	_, err := s.submit(ctx, s.hosts, nil)
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
func (s *scene) submitKeyed(ctx context.Context, o order) string {
	answer, err := s.ask(ctx, o.question)
	if err != nil {
		return err.Error()
	}
	var made struct{ ID string }
	if err := json.Unmarshal(answer.body, &made); err != nil || answer.status != http.StatusAccepted {
		return answer.String()
	}
	return made.ID
}
