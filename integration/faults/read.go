package main

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// read reads intents, what refutes them, and audit entries from the database.
func (s *scene) read(ctx context.Context, t *testimony) error {
	conn, err := pgx.Connect(ctx, s.DatabaseURL())
	if err != nil {
		return fmt.Errorf("read database: %w", err)
	}
	defer conn.Close(ctx)
	if t.intents, err = intents(ctx, conn); err != nil {
		return err
	}
	maps.Copy(t.intents, s.remembered)
	if t.refuted, err = refuted(ctx, conn); err != nil {
		return err
	}
	t.audited, err = audited(ctx, conn)
	return err
}

func intents(ctx context.Context, conn *pgx.Conn) (map[string]intent, error) {
	rows, err := conn.Query(ctx, `select a.id::text, a.job_id::text, h.fqdn from patch_attempts a join hosts h on h.id = a.host_id`)
	if err != nil {
		return nil, fmt.Errorf("read intents: %w", err)
	}
	found := map[string]intent{}
	var key, job, fqdn string
	if _, err := pgx.ForEachRow(rows, []any{&key, &job, &fqdn}, func() error {
		found[key] = intent{job, fqdn}
		return nil
	}); err != nil {
		return nil, fmt.Errorf("read intents: %w", err)
	}
	return found, nil
}

// toldWithin is how soon a result is stored after its probe began, so that an intent must know of it.
const toldWithin = 5 * time.Second

// refuted is (d) by the manager's own word: no intent follows on a failing result of a check that it has had for some time.
func refuted(ctx context.Context, conn *pgx.Conn) (violations []string, err error) {
	rows, err := conn.Query(ctx, `
		select h.fqdn, c.name, a.prepared_at, r.checked_at
		from patch_attempts a
		join hosts h on h.id = a.host_id
		join host_health_checks c on c.host_id = a.host_id and c.enabled
		cross join lateral (
			select checked_at, healthy from host_health_check_results
			where check_id = c.id and checked_at <= a.prepared_at order by checked_at desc limit 1
		) r
		where not r.healthy and r.checked_at < a.prepared_at - make_interval(secs => $1)`, toldWithin.Seconds())
	if err != nil {
		return nil, fmt.Errorf("read results: %w", err)
	}
	var fqdn, check string
	var prepared, checked time.Time
	_, err = pgx.ForEachRow(rows, []any{&fqdn, &check, &prepared, &checked}, func() error {
		violations = append(violations, fmt.Sprintf("(d) %s was to be patched at %s, and %s had failed at %s", fqdn, at(prepared), check, at(checked)))
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read results: %w", err)
	}
	return violations, nil
}

func audited(ctx context.Context, conn *pgx.Conn) (map[string]int, error) {
	rows, err := conn.Query(ctx, `select action, count(*)::int from audit_entries group by action`)
	if err != nil {
		return nil, fmt.Errorf("read audit: %w", err)
	}
	found := map[string]int{}
	var action string
	var n int
	if _, err := pgx.ForEachRow(rows, []any{&action, &n}, func() error {
		found[action] = n
		return nil
	}); err != nil {
		return nil, fmt.Errorf("read audit: %w", err)
	}
	return found, nil
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
