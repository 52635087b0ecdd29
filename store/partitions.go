package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// The tables that are kept in partitions by time.
const (
	tableResults = "host_health_check_results"
	tableEvents  = "events"
)

// codeNoPartition is how Postgres refuses a row that no partition is for; it shares the code of broken checks.
const codeNoPartition = "23514"

// MakePartitions makes the missing partitions from an hour ago to two days ahead and returns how many it made.
func (s *Store) MakePartitions(ctx context.Context) (int, error) {
	made, err := s.q.MakePartitions(ctx)
	return int(made), translate(err)
}

// DropResults drops the partitions of results that are wholly older than retention, and returns how many.
func (s *Store) DropResults(ctx context.Context, retention time.Duration) (int, error) {
	return s.dropPartitions(ctx, tableResults, retention)
}

// DropEvents drops the partitions of events that are wholly older than retention, and returns how many.
func (s *Store) DropEvents(ctx context.Context, retention time.Duration) (int, error) {
	return s.dropPartitions(ctx, tableEvents, retention)
}

// dropPartitions drops one after the other, each in its own transaction, so that what was dropped stays dropped when a
// reader keeps one of them locked.
func (s *Store) dropPartitions(ctx context.Context, table string, retention time.Duration) (int, error) {
	for dropped := 0; ; dropped++ {
		name, err := s.q.DropPartition(ctx, table, retention.Seconds())
		if err != nil || name == "" {
			return dropped, translate(err)
		}
	}
}

// lacksPartition reports whether err refuses a row because no partition is for it: nothing that makes them ran for two
// days, or the schema is older than that and nobody worked with it yet.
func lacksPartition(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == codeNoPartition && pg.ConstraintName == "" &&
		(pg.TableName == tableResults || pg.TableName == tableEvents)
}
