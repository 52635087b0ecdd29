package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/patch-manager/patch-manager/devstack"
	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/secret"
	"github.com/patch-manager/patch-manager/store"
)

// auditRows is how many audit entries are verified.
const auditRows = 500_000

// measureAudit compares how fast audit entries are verified with how fast a client only reads the same rows, in turns.
func measureAudit(ctx context.Context, b *bench) error {
	if err := devstack.RemoveState(b.dir); err != nil {
		return err
	}
	pg, err := devstack.StartPostgres(ctx, devstack.PostgresConfig{Dir: b.dir + "/postgres", Database: "patch_manager", Throwaway: true})
	if err != nil {
		return err
	}
	return errors.Join(b.auditRates(ctx, pg.URL()), pg.Stop(), devstack.RemoveState(b.dir))
}

func (b *bench) auditRates(ctx context.Context, url string) error {
	if _, err := store.Migrate(ctx, url); err != nil {
		return err
	}
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return err
	}
	pool, err := store.Connect(ctx, config)
	if err != nil {
		return err
	}
	defer pool.Close()
	key, err := secret.OpenAuditKey(b.dir+"/audit.key", false)
	if err != nil {
		return err
	}
	if err := fillAudit(ctx, pool, key); err != nil {
		return err
	}
	var scans, verified, ratios []float64
	for range b.rounds {
		scan, err := rateOf(func() error { return scanAudit(ctx, pool) })
		if err != nil {
			return err
		}
		verify, err := rateOf(func() error { return verifyAudit(ctx, store.New(pool, key)) })
		if err != nil {
			return err
		}
		b.say("audit: %.0f rows read a second, %.0f verified", scan, verify)
		scans, verified, ratios = append(scans, scan), append(verified, verify), append(ratios, verify/scan)
	}
	b.add(result{Name: "audit entries only read", Value: middle(scans), Unit: "per second"})
	b.add(result{Name: "audit entries verified", Value: middle(verified), Unit: "per second", Limit: 50_000, AtLeast: true})
	b.add(result{Name: "audit entries verified per one only read", Value: middle(ratios), Unit: "ratio"})
	return nil
}

func rateOf(do func() error) (float64, error) {
	start := time.Now()
	err := do()
	return auditRows / time.Since(start).Seconds(), err
}

// fillAudit puts a chain of entries into the table, faster than the application would.
func fillAudit(ctx context.Context, pool *pgxpool.Pool, key fleet.AuditKey) error {
	last := fleet.AuditEntry{Hash: make([]byte, fleet.AuditHashSize), At: time.Now().Truncate(time.Microsecond)}
	columns := []string{
		"seq", "at", "actor_id", "actor_name", "action", "subject_type", "subject_id", "request_id", "remote_addr", "detail", "prev_hash", "hash",
	}
	source := pgx.CopyFromFunc(func() ([]any, error) {
		if last.Seq == auditRows {
			return nil, nil
		}
		e := fleet.AuditEntry{
			Seq: last.Seq + 1, At: last.At.Add(time.Millisecond), ActorID: "0199aaaa-bbbb-7ccc-8ddd-eeeeffff0001", ActorName: "ann",
			Action: "host.update", SubjectType: "host", SubjectID: "0199aaaa-bbbb-7ccc-8ddd-eeeeffff0002",
			RequestID: "request-" + strconv.FormatInt(last.Seq, 10), RemoteAddr: "192.0.2.1", PrevHash: last.Hash,
			Detail: json.RawMessage(`{"address":"192.0.2.7","agent_port":12443,"fqdn":"web-1.example.org","labels":{"env":"production"}}`),
		}
		e.Hash = key.Sign(e)
		last = e
		return []any{
			e.Seq, e.At, e.ActorID, e.ActorName, e.Action, e.SubjectType, e.SubjectID, e.RequestID, e.RemoteAddr, string(e.Detail), e.PrevHash, e.Hash,
		}, nil
	})
	_, err := pool.CopyFrom(ctx, pgx.Identifier{"audit_entries"}, columns, source)
	return err
}

// scanAudit reads all rows and looks at none.
func scanAudit(ctx context.Context, pool *pgxpool.Pool) error {
	rows, err := pool.Query(ctx, `select * from audit_entries order by seq`)
	if err != nil {
		return err
	}
	defer rows.Close()
	n := 0
	for rows.Next() {
		n++
	}
	if n != auditRows {
		return errors.Join(fmt.Errorf("read %d rows", n), rows.Err())
	}
	return nil
}

func verifyAudit(ctx context.Context, db *store.Store) error {
	report, err := db.VerifyAudit(ctx, nil)
	if err != nil {
		return err
	}
	if !report.Sound() || report.Entries != auditRows {
		return fmt.Errorf("verified %d entries and found %v", report.Entries, report.Faults)
	}
	return nil
}
