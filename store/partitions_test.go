package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
)

// dropAllPartitions leaves the database as one on which nothing ran for long.
func (db *sweepDB) dropAllPartitions() {
	db.Helper()
	for _, parent := range []string{"host_health_check_results", "events"} {
		for db.count(`select (drop_partition($1, now() + interval '10 days') is not null)::integer`, parent) == 1 {
			continue
		}
	}
	require.Zero(db, db.partitions("host_health_check_results"))
}

func (db *sweepDB) partitions(parent string) int {
	db.Helper()
	return db.count(`select count(*) from pg_inherits where inhparent = $1::regclass`, parent)
}

func (db *sweepDB) make(since, until time.Time) {
	db.Helper()
	db.exec(`select make_partitions($1, $2)`, since, until)
}

func (db *sweepDB) drop(parent string, before time.Time) *string {
	db.Helper()
	var name *string
	require.NoError(db, db.pool.QueryRow(db.Context(), `select drop_partition($1, $2)`, parent, before).Scan(&name))
	return name
}

func TestPartitionsReachFromAnHourAgoToTwoDaysAhead(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	db.dropAllPartitions()
	made, err := db.store.MakePartitions(t.Context())
	require.NoError(t, err)
	require.GreaterOrEqual(t, made, 50+9)
	again, err := db.store.MakePartitions(t.Context())
	require.NoError(t, err)
	require.Zero(t, again)

	c := db.check(db.host("default"), 1)
	for _, at := range []time.Duration{-time.Hour, 0, 48 * time.Hour} {
		r := result(c, 0, fleet.OutcomeHealthy)
		r.CheckedAt = time.Now().Add(at)
		db.put(r)
		db.exec(`insert into events (at, kind, subject_id) values ($1, 'test', '')`, r.CheckedAt)
	}
}

func TestAPartitionCoversItsWholeHourAndNothingElse(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	db.dropAllPartitions()
	hour := time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC) // clocks change in Europe
	db.make(hour, hour)
	insert := `insert into host_health_check_results (check_id, checked_at, outcome, healthy, detail, latency_ms)
		values (gen_random_uuid(), $1, 'healthy', true, '', 1)`
	db.exec(insert, hour)
	db.exec(insert, hour.Add(time.Hour-time.Microsecond))
	for _, outside := range []time.Time{hour.Add(-time.Microsecond), hour.Add(time.Hour)} {
		_, err := db.pool.Exec(t.Context(), insert, outside)
		require.ErrorContains(t, err, "no partition")
	}
}

func TestAPartitionIsDroppedOnceItIsWhollyPastRetentionAndNotBefore(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	db.dropAllPartitions()
	hour := time.Date(2026, 10, 25, 6, 0, 0, 0, time.UTC)
	db.make(hour, hour.Add(2*time.Hour))
	const results = "host_health_check_results"
	require.Nil(t, db.drop(results, hour.Add(time.Hour-time.Microsecond)))
	require.Equal(t, results+"_20261025_06", *db.drop(results, hour.Add(time.Hour)))
	require.Nil(t, db.drop(results, hour.Add(time.Hour)))
	require.Equal(t, 2, db.partitions(results))
	require.Nil(t, db.drop("events", hour.Add(6*time.Hour-time.Microsecond)))
	require.Equal(t, "events_20261025_06", *db.drop("events", hour.Add(6*time.Hour)))
}

func TestDroppingReachesBackAsFarAsThereArePartitions(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	now := time.Now()
	db.make(now.Add(-8*time.Hour), now)
	before := db.partitions("host_health_check_results")
	dropped, err := db.store.DropResults(t.Context(), 4*time.Hour)
	require.NoError(t, err)
	require.Equal(t, 4, dropped)
	require.Equal(t, before-4, db.partitions("host_health_check_results"))
	dropped, err = db.store.DropEvents(t.Context(), 14*time.Hour)
	require.NoError(t, err)
	require.Zero(t, dropped)
}

func TestNoOtherTableCanBeDroppedThroughTheFunction(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	_, err := db.pool.Exec(t.Context(), `select drop_partition('audit_entries', now())`)
	require.ErrorContains(t, err, "no partitions of audit_entries")
	_, err = db.pool.Exec(t.Context(), `select make_partitions(now() - interval '41 days', now())`)
	require.ErrorContains(t, err, "40 days")
}

func TestAReaderHoldsADropUpForASecondAndNoLonger(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	tx, err := db.pool.Begin(t.Context())
	require.NoError(t, err)
	defer func() { require.NoError(t, tx.Rollback(t.Context())) }()
	_, err = tx.Exec(t.Context(), `select from events`)
	require.NoError(t, err)

	db.make(time.Now().Add(-48*time.Hour), time.Now())
	_, err = db.store.DropEvents(t.Context(), 24*time.Hour)
	require.ErrorContains(t, err, "lock timeout")
}

func TestMakingPartitionsBlocksNeitherReadersNorWriters(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	tx, err := db.pool.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), `select make_partitions(now() + interval '3 days', now() + interval '4 days')`)
	require.NoError(t, err)

	c := db.check(db.host("default"), 1)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	require.NoError(t, db.store.StoreResults(ctx, []fleet.Result{result(c, 0, fleet.OutcomeHealthy)}))
	require.Equal(t, 1, db.count(`select count(*) from host_health_check_results`))
	require.NoError(t, tx.Commit(t.Context()))
}

func TestARowThatLacksItsPartitionGetsOne(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	c := db.check(db.host("default"), 1)
	db.dropAllPartitions()
	db.put(result(c, 0, fleet.OutcomeHealthy))
	require.Equal(t, 1, db.count(`select count(*) from host_health_check_results`))
	require.Len(t, db.events("check.changed"), 1)

	r := result(c, 1, fleet.OutcomeHealthy)
	r.CheckedAt = time.Now().Add(-30 * 24 * time.Hour)
	err := db.store.StoreResults(t.Context(), []fleet.Result{r})
	require.ErrorContains(t, err, "no partition", "what is out of all bounds stays refused")
}
