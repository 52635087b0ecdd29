package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/patch-manager/patch-manager/fleet"
)

const (
	// storeBatch is the most that the poller stores at once.
	storeBatch  = 1000
	storeHosts  = 2000
	storeChecks = storeHosts * 5 // of one sweep
	// An hour has so many sweeps at the default interval.
	sweepsPerHour = 12
)

// measureStore measures what results cost the database: their rate, the log of a sweep, pruning, reading.
func measureStore(ctx context.Context, b *bench) error { return b.withDatabase(ctx, b.measureResults) }

func (b *bench) measureResults(ctx context.Context, db *database) error {
	checks, err := db.addServices(ctx, storeHosts)
	if err != nil {
		return err
	}
	s := &sweeps{db: db, checks: checks, at: time.Now().UTC().Truncate(time.Hour).Add(30 * time.Hour)}
	if err := s.store(ctx, s.next(0)); err != nil { // makes the states
		return err
	}
	return errors.Join(b.measureRows(ctx, s), b.measureLog(ctx, s), b.measureState(ctx, db), b.measureHistory(ctx, db, checks), b.measureDrop(ctx, db))
}

func (d *database) addServices(ctx context.Context, hosts int) ([]fleet.Check, error) {
	return d.addHosts(ctx, hosts, func(int) host {
		checks := make([]fleet.Check, storeChecks/storeHosts)
		for i := range checks {
			checks[i] = fleet.Check{Type: fleet.CheckService, ServiceName: serviceOf(i)}
		}
		return host{checks: checks}
	})
}

// sweeps makes the results of sweeps, each later than the one before. They are of hours to come, whose partitions exist
// and hold nothing yet.
type sweeps struct {
	db     *database
	checks []fleet.Check
	at     time.Time
}

// next returns the results of a sweep that follows after the last one.
func (s *sweeps) next(after time.Duration) []fleet.Result {
	s.at = s.at.Add(after)
	results := make([]fleet.Result, len(s.checks))
	for i, c := range s.checks {
		results[i] = fleet.Result{
			CheckID: c.ID, HostID: c.HostID, Outcome: fleet.OutcomeHealthy, Detail: c.ServiceName + " is active/running",
			Latency: 12 * time.Millisecond, CheckedAt: s.at.Add(time.Duration(i) * time.Microsecond), DefinedAt: c.DefinedAt,
		}
	}
	return results
}

// store stores results as the poller does it.
func (s *sweeps) store(ctx context.Context, results []fleet.Result) error {
	for start := 0; start < len(results); start += storeBatch {
		if err := s.db.StoreResults(ctx, results[start:min(start+storeBatch, len(results))]); err != nil {
			return err
		}
	}
	return nil
}

// copyRaw writes the rows of results alone, which is the least that keeping them can be.
func (s *sweeps) copyRaw(ctx context.Context, results []fleet.Result) error {
	columns := []string{"check_id", "checked_at", "outcome", "healthy", "detail", "latency_ms"}
	for start := 0; start < len(results); start += storeBatch {
		batch := results[start:min(start+storeBatch, len(results))]
		_, err := s.db.pool.CopyFrom(ctx, pgx.Identifier{"host_health_check_results"}, columns, pgx.CopyFromSlice(len(batch), func(i int) ([]any, error) {
			r := batch[i]
			return []any{r.CheckID, r.CheckedAt, string(r.Outcome), r.Healthy(), r.Detail, r.Latency.Milliseconds()}, nil
		}))
		if err != nil {
			return err
		}
	}
	return nil
}

// measureLog measures the write-ahead log of a sweep right after a checkpoint, which is when whole pages are logged: the
// first sweep of an hour meets an empty partition, the last ones the most pages. The very last one is logged packed.
func (b *bench) measureLog(ctx context.Context, s *sweeps) error {
	s.at = s.at.Truncate(time.Hour).Add(time.Hour - 5*time.Minute)
	for sweep := 1; sweep <= sweepsPerHour; sweep++ {
		how, measured := "", sweep == 1 || sweep == sweepsPerHour/2 || sweep >= sweepsPerHour-1
		if sweep == sweepsPerHour {
			how = ", wal_compression = lz4"
			if err := s.db.packLog(ctx); err != nil {
				return err
			}
		}
		written, err := s.db.logOf(ctx, func() error { return s.store(ctx, s.next(5*time.Minute)) })
		if err != nil {
			return err
		}
		if measured {
			b.add(result{
				Name:  fmt.Sprintf("log of 10,000 results after a checkpoint, sweep %d of an hour%s", sweep, how),
				Value: float64(written) / 1e6, Unit: "MB", Limit: 8,
			})
		}
	}
	return b.addSize(ctx, s)
}

// addSize adds what a result takes of the disk, with its part of the index, in the hour that the sweeps have filled.
func (b *bench) addSize(ctx context.Context, s *sweeps) error {
	var bytes float64
	err := s.db.conn.QueryRow(ctx, `
select sum(pg_total_relation_size(hour))::float8 / $2
from (select distinct tableoid as hour from host_health_check_results where checked_at >= $1 and checked_at < $1 + interval '1 hour') hours`,
		s.at.Truncate(time.Hour), sweepsPerHour*len(s.checks)).Scan(&bytes)
	b.add(result{Name: "a result of an hour that is over, with its part of the index", Value: bytes, Unit: "bytes"})
	return err
}

// packLog has whole pages packed in the log from now on, in every session.
func (d *database) packLog(ctx context.Context) error {
	if _, err := d.conn.Exec(ctx, "alter system set wal_compression = 'lz4'"); err != nil {
		return err
	}
	_, err := d.conn.Exec(ctx, "select pg_reload_conf(), pg_sleep(0.5)") // sessions read it between two statements
	return err
}

// logOf returns how many bytes of the write-ahead log come of do, right after a checkpoint.
func (d *database) logOf(ctx context.Context, do func() error) (int, error) {
	var before, after string
	if _, err := d.conn.Exec(ctx, "checkpoint"); err != nil {
		return 0, err
	}
	if err := d.conn.QueryRow(ctx, "select pg_current_wal_insert_lsn()::text").Scan(&before); err != nil {
		return 0, err
	}
	if err := do(); err != nil {
		return 0, err
	}
	if err := d.conn.QueryRow(ctx, "select pg_current_wal_insert_lsn()::text").Scan(&after); err != nil {
		return 0, err
	}
	var bytes int
	err := d.conn.QueryRow(ctx, "select pg_wal_lsn_diff($1::text::pg_lsn, $2::text::pg_lsn)::bigint", after, before).Scan(&bytes)
	return bytes, err
}

// measureRows measures how many results are stored a second, with their states, and how many rows alone.
func (b *bench) measureRows(ctx context.Context, s *sweeps) error {
	s.at = s.at.Truncate(time.Hour).Add(time.Hour)
	var raw, stored, ratio []float64
	for range b.rounds * turnsPerRound {
		least, err := rowsPerSecond(ctx, s.next(time.Minute), s.copyRaw)
		if err != nil {
			return err
		}
		ours, err := rowsPerSecond(ctx, s.next(time.Minute), s.store)
		if err != nil {
			return err
		}
		raw, stored, ratio = append(raw, least), append(stored, ours), append(ratio, ours/least)
	}
	b.add(result{Name: "rows of results alone, by COPY", Value: middle(raw), Unit: "per second"})
	b.add(result{Name: "results stored, with their states", Value: middle(stored), Unit: "per second", Limit: 40_000, AtLeast: true})
	b.add(result{Name: "results stored per row alone", Value: middle(ratio), Unit: "ratio"})
	return nil
}

func rowsPerSecond(ctx context.Context, results []fleet.Result, store func(context.Context, []fleet.Result) error) (float64, error) {
	start := time.Now()
	err := store(ctx, results)
	return float64(len(results)) / time.Since(start).Seconds(), err
}
