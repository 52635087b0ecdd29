package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/patch-manager/patch-manager/agent/agenttest"
	"github.com/patch-manager/patch-manager/devstack"
)

const lookInterval = 250 * time.Millisecond

// awaitEnds waits until every host of every job ended, and then the jobs, or ctx does; what has not ended by then is a
// violation.
func (s *scene) awaitEnds(ctx context.Context) {
	s.awaitRuns(ctx, func(r run) bool {
		if r.Status == "waiting_slot" {
			s.settle(ctx, r.FQDN)
		}
		return slices.Contains(ended, r.Status)
	})
	for job := range s.jobs {
		for {
			state, err := s.jobState(ctx, job)
			if err == nil && state.CompletedAt != nil || sleep(ctx, lookInterval) != nil {
				break
			}
		}
	}
}

func (s *scene) jobState(ctx context.Context, job string) (state jobState, err error) {
	err = s.API.Do(ctx, "GET", "/jobs/"+job, nil, &state)
	return state, err
}

// awaitRuns waits until every host of every job is as it should be, or ctx ends. Each time it looks at all of them, since a host
// may be as it should be for a moment only, while others are not yet.
func (s *scene) awaitRuns(ctx context.Context, is func(run) bool) {
	for {
		runs, err := s.runs(ctx)
		all := err == nil
		for _, r := range runs {
			all = is(r) && all
		}
		if all {
			return
		}
		if sleep(ctx, lookInterval) != nil {
			return
		}
	}
}

// atTheGate reports whether a run was kept by the gate for a check.
func (r run) atTheGate() bool {
	return r.Status == "waiting_health_check" && r.Reason != nil && *r.Reason == "health_check" && !strings.Contains(r.Detail, "not been asked")
}

func (s *scene) runs(ctx context.Context) (all []run, err error) {
	for job := range s.jobs {
		list, err := s.runsOf(ctx, job)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	return all, nil
}

func (s *scene) runsOf(ctx context.Context, job string) ([]run, error) {
	list, err := devstack.All[run](ctx, s.API, "/jobs/"+job+"/hosts")
	for i := range list {
		list[i].Job = job
	}
	return list, err
}

// hear collects what the hosts have logged, and what the manager says of its jobs.
func (s *scene) hear(ctx context.Context) (testimony, error) {
	t := testimony{
		executions: s.Fleet.Executions(), evidence: map[string][]agenttest.Evidence{}, windows: map[string]window{},
		checks: map[string][]string{}, requests: map[string][]agenttest.Request{},
		jobs: map[string]jobState{}, accepted: map[string]int{}, changed: s.changed,
	}
	for _, h := range s.hosts {
		t.evidence[h.FQDN()], t.windows[h.FQDN()], t.requests[h.FQDN()] = h.Evidence(), window{h.start, h.end}, h.Heard()
		t.checks[h.FQDN()] = h.checks
	}
	for job, hosts := range s.jobs {
		t.accepted[job] = len(hosts)
		state, err := s.jobState(ctx, job)
		if err != nil {
			return t, err
		}
		t.jobs[job] = state
	}
	var err error
	if t.runs, err = s.runs(ctx); err != nil {
		return t, err
	}
	if err := s.read(ctx, &t); err != nil {
		return t, err
	}
	if _, err := s.Command(ctx, "audit", "verify"); err != nil {
		t.chain = err.Error()
	}
	return t, nil
}

// stopInOrder ends worker and API, and is (h): both exit well, and leave no session of the database behind.
func (s *scene) stopInOrder(ctx context.Context) (violations []string, err error) {
	codes, err := s.StopProduct()
	if err != nil {
		return []string{"(h) " + err.Error()}, nil
	}
	for name, code := range codes {
		if code != 0 {
			violations = append(violations, fmt.Sprintf("(h) the %s exits with %d", name, code))
		}
	}
	conn, err := pgx.Connect(ctx, s.DatabaseURL())
	if err != nil {
		return violations, fmt.Errorf("count sessions: %w", err)
	}
	defer conn.Close(ctx)
	sessions, err := others(ctx, conn)
	for until := time.Now().Add(noticing); err == nil && sessions > 0 && time.Now().Before(until); sessions, err = others(ctx, conn) {
		time.Sleep(lookInterval)
	}
	if sessions > 0 {
		violations = append(violations, fmt.Sprintf("(h) %d sessions of the database are left", sessions))
	}
	return violations, err
}

// noticing is how long Postgres gets to see that the other end of a session is gone.
const noticing = 5 * time.Second

// others counts the sessions of anybody else.
func others(ctx context.Context, conn *pgx.Conn) (n int, err error) {
	err = conn.QueryRow(ctx, `select count(*) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()`).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count sessions: %w", err)
	}
	return n, nil
}
