package store_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
)

func newWorkerID() string { return uuid.Must(uuid.NewV7()).String() }

// seen adds a worker that was last seen so long ago.
func (db *sweepDB) seen(zone string, ago time.Duration, stopped bool) {
	db.Helper()
	db.exec(`insert into zone_workers (worker_id, zone, seen_at, stopped) values ($1, $2, now() - make_interval(secs => $3), $4)`,
		newWorkerID(), zone, ago.Seconds(), stopped)
}

func (db *sweepDB) zones(scope fleet.Scope) map[string]fleet.ZoneView {
	db.Helper()
	list, err := db.store.Zones(db.Context(), scope, fleet.ZoneFilter{Limit: 100})
	require.NoError(db, err)
	zones := map[string]fleet.ZoneView{}
	for _, z := range list {
		zones[z.Name] = z
	}
	return zones
}

func TestAZoneIsServedForExactlyThirtySecondsAfterAWorkerWasSeen(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	tx, err := db.pool.Begin(t.Context()) // in which now() stands still
	require.NoError(t, err)
	defer func() { _ = tx.Rollback(t.Context()) }()
	_, err = tx.Exec(t.Context(), `insert into zone_workers (worker_id, zone, seen_at, stopped) values
		(gen_random_uuid(), 'at the limit', now() - interval '30 s', false),
		(gen_random_uuid(), 'past it', now() - interval '30.000001 s', false),
		(gen_random_uuid(), 'stopped', now(), true),
		(gen_random_uuid(), 'two of three', now(), false), (gen_random_uuid(), 'two of three', now() - interval '20 s', false),
		(gen_random_uuid(), 'two of three', now() - interval '40 s', false)`)
	require.NoError(t, err)
	rows, err := tx.Query(t.Context(), `select zone || ' ' || workers from zone_presence order by zone`)
	require.NoError(t, err)
	zones, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.Equal(t, []string{"at the limit 1", "past it 0", "stopped 0", "two of three 2"}, zones)
}

func TestAWorkerServesItsZonesUntilItLeavesThemAndNoLateWordBringsItBack(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	id := newWorkerID()
	for range 2 {
		require.NoError(t, db.store.ServeZones(t.Context(), id, []string{"a", "b", "a"}))
	}
	require.Equal(t, 2, db.count(`select count(*) from zone_workers`))
	db.exec(`update zone_workers set seen_at = now() - interval '1 minute' where zone = 'b'`)
	zones := db.zones(everything)
	require.True(t, zones["a"].Served())
	require.NotContains(t, zones, "b", "without hosts only who serves it makes a zone")
	require.NoError(t, db.store.ServeZones(t.Context(), id, []string{"a", "b"}))
	require.True(t, db.zones(everything)["b"].Served())

	require.NoError(t, db.store.LeaveZones(t.Context(), id))
	require.NoError(t, db.store.ServeZones(t.Context(), id, []string{"a", "b"}), "a beat that was under way")
	db.host("a")
	zone := db.zones(everything)["a"]
	require.False(t, zone.Served())
	require.WithinDuration(t, time.Now(), *zone.UnservedSince(), time.Minute)
}

func TestAHostShowsSinceWhenItsZoneHasNoWorkerAndAZoneOfNoWorkerEverKnowsNoTime(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	gone, never, served := db.host("gone"), db.host("never"), db.host("served")
	db.seen("gone", 4*time.Minute, false)
	db.seen("gone", time.Hour, true)
	db.seen("served", time.Second, false)
	db.seen("served", time.Hour, true)
	hosts, err := db.store.Hosts(t.Context(), everything, fleet.HostFilter{Limit: 10})
	require.NoError(t, err)
	require.Len(t, hosts, 3)
	for _, listed := range hosts {
		h, err := db.store.Host(t.Context(), everything, listed.ID, fleet.ResultAges{})
		require.NoError(t, err)
		require.Equal(t, listed.Presence, h.Presence)
		require.Equal(t, h.ID == served, h.Presence.Served())
		switch h.ID {
		case gone:
			require.WithinDuration(t, time.Now().Add(-4*time.Minute), *h.Presence.UnservedSince(), 30*time.Second)
		case never, served:
			require.Nil(t, h.Presence.UnservedSince())
		}
	}
	job := db.job(fleet.StatusWaitingHealthCheck, gone)
	detail, err := db.store.JobHost(t.Context(), everything, job, gone)
	require.NoError(t, err)
	require.Equal(t, "gone", detail.Zone.Name, "where the host is by now")
	require.False(t, detail.Zone.Served())
	db.exec(`delete from hosts where id = $1`, gone)
	detail, err = db.store.JobHost(t.Context(), everything, job, gone)
	require.NoError(t, err)
	require.Nil(t, detail.Zone)
}

func TestZonesAreThoseOfTheHostsThatAreSeenInPages(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	mine := db.group(db.host("a"), db.host("c"))
	db.host("a")
	db.host("hidden")
	db.seen("c", time.Second, false)
	db.seen("no host", time.Second, false)
	db.seen("no host, and left", time.Second, true)

	counts := func(scope fleet.Scope) map[string]int {
		n := map[string]int{}
		for name, z := range db.zones(scope) {
			n[name] = z.Hosts
		}
		return n
	}
	require.Equal(t, map[string]int{"a": 2, "c": 1, "hidden": 1, "no host": 0}, counts(everything))
	require.Equal(t, map[string]int{"a": 1, "c": 1}, counts(fleet.Scope{Groups: []string{mine}}))
	require.Empty(t, counts(fleet.Scope{Groups: []string{newWorkerID()}}))
	page, err := db.store.Zones(t.Context(), everything, fleet.ZoneFilter{After: "a", Limit: 2})
	require.NoError(t, err)
	require.Equal(t, []string{"c", "hidden"}, []string{page[0].Name, page[1].Name})
}

func TestOldWorkersAreForgottenAndTheLastOfAZoneOnlyAfterThirtyDays(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	const hour, day = time.Hour, 24 * time.Hour
	for zone, ages := range map[string][]time.Duration{
		"served": {time.Second, hour - time.Minute, hour + time.Minute}, "gone": {29 * day, 29*day + time.Minute}, "long gone": {31 * day},
	} {
		for _, ago := range ages {
			db.seen(zone, ago, false)
		}
	}
	n, err := db.store.PruneExpired(t.Context(), 2)
	require.NoError(t, err)
	require.Equal(t, 2, n, "no more than asked at a time")
	n, err = db.store.PruneExpired(t.Context(), 10)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.Equal(t, 2, db.count(`select count(*) from zone_workers where zone = 'served' and seen_at > now() - interval '1 hour'`))
	require.Equal(t, 1, db.count(`select count(*) from zone_workers where zone = 'gone' and seen_at > now() - interval '29 days 30 s'`))
	require.Equal(t, 3, db.count(`select count(*) from zone_workers`))
}
