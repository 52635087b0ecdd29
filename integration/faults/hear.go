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

// awaitEnds waits until every host of every job ended, or ctx does; what has not ended by then is a violation.
func (s *scene) awaitEnds(ctx context.Context) {
	s.awaitRuns(ctx, func(r run) bool { return slices.Contains(ended, r.Status) })
}

// awaitRuns waits until every host of every job is as it should be, or ctx ends.
func (s *scene) awaitRuns(ctx context.Context, is func(run) bool) {
	for {
		runs, err := s.runs(ctx)
		if err == nil && !slices.ContainsFunc(runs, func(r run) bool { return !is(r) }) {
			return
		}
		if sleep(ctx, lookInterval) != nil {
			return
		}
	}
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
		checks: []string{service, agenttest.WebPage},
	}
	for _, h := range s.hosts {
		t.evidence[h.FQDN()], t.windows[h.FQDN()] = h.Evidence(), window{h.start, h.end}
	}
	for job := range s.jobs {
		t.accepted = append(t.accepted, job)
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

// read reads intents and audit entries from the database.
func (s *scene) read(ctx context.Context, t *testimony) error {
	conn, err := pgx.Connect(ctx, s.DatabaseURL())
	if err != nil {
		return fmt.Errorf("read database: %w", err)
	}
	defer conn.Close(ctx)
	if t.jobsOf, err = pairs[string](ctx, conn, `select id::text, job_id::text from patch_attempts`); err != nil {
		return err
	}
	t.audited, err = pairs[int](ctx, conn,
		`select subject_id, count(*)::int from audit_entries where action in ('job.create', 'job.retry') group by subject_id`)
	return err
}

// pairs reads two columns.
func pairs[V any](ctx context.Context, conn *pgx.Conn, query string) (map[string]V, error) {
	rows, err := conn.Query(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("read database: %w", err)
	}
	found := map[string]V{}
	var key string
	var value V
	_, err = pgx.ForEachRow(rows, []any{&key, &value}, func() error {
		found[key] = value
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read database: %w", err)
	}
	return found, nil
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
	sessions := 0
	err = conn.QueryRow(ctx, `select count(*) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()`).Scan(&sessions)
	if err != nil {
		return violations, fmt.Errorf("count sessions: %w", err)
	}
	if sessions > 0 {
		violations = append(violations, fmt.Sprintf("(h) %d sessions of the database are left", sessions))
	}
	return violations, nil
}

// asked returns when a host was asked for something first since then; the zero time where it was not.
func asked(h *host, line string, since time.Time) time.Time {
	for _, r := range h.Heard() {
		if !r.At.Before(since) && strings.HasPrefix(r.Line, line) {
			return r.At
		}
	}
	return time.Time{}
}
