package store_test

import (
	"context"
	"database/sql"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store"
	"github.com/patch-manager/patch-manager/store/storetest"
)

// healthWorld changes hosts, checks and states at random, as people, polls and edits do.
type healthWorld struct {
	*sweepDB
	*rand.Rand
	hosts  []string
	checks []fleet.Check
	slots  map[string]int
	second int
}

func (w *healthWorld) step() {
	w.second++
	switch n := w.IntN(20); {
	case n < 12 && len(w.checks) > 0:
		w.put(result(w.any(), w.second, []fleet.Outcome{fleet.OutcomeHealthy, fleet.OutcomeUnhealthy, fleet.OutcomeError}[w.IntN(3)]))
	case n < 14 && len(w.checks) > 0:
		w.exec(`update host_health_checks set enabled = not enabled where id = $1`, w.any().ID)
	case n < 15 && len(w.checks) > 0:
		i := w.IntN(len(w.checks))
		w.exec(`delete from host_health_checks where id = $1`, w.checks[i].ID)
		w.checks = slices.Delete(w.checks, i, i+1)
	case n < 16 && len(w.checks) > 0:
		c := &w.checks[w.IntN(len(w.checks))]
		require.NoError(w, w.pool.QueryRow(w.Context(), `update host_health_checks set service_name = service_name || 'x' where id = $1
			returning defined_at`, c.ID).Scan(&c.DefinedAt))
	case n < 17:
		w.exec(`update hosts set fqdn = $2 where id = $1`, w.hosts[w.IntN(len(w.hosts))], uuid.NewString()+".example")
		for i := range w.checks {
			w.checks[i].DefinedAt = time.Time{} // whatever it is by now
		}
	default:
		host := w.hosts[w.IntN(len(w.hosts))]
		if w.slots[host] < 5 {
			w.slots[host]++
			w.checks = append(w.checks, w.check(host, w.slots[host]))
		}
	}
}

func (w *healthWorld) any() fleet.Check { return w.checks[w.IntN(len(w.checks))] }

// agree holds that filters and counts mean what each host says of itself.
func (w *healthWorld) agree(ages fleet.ResultAges) {
	w.store = store.New(w.pool, storetest.AuditKey) // which knows of no results that were old before
	all, err := w.store.Hosts(w.Context(), everything, fleet.HostFilter{HostMatch: fleet.HostMatch{Ages: ages}, Limit: 100})
	require.NoError(w, err)
	require.Len(w, all, len(w.hosts))
	sum, err := w.store.Summary(w.Context(), everything, fleet.HostMatch{Ages: ages})
	require.NoError(w, err)
	for _, state := range []fleet.HealthState{fleet.HealthUnhealthy, fleet.HealthUnknown, fleet.HealthNone, fleet.HealthHealthy} {
		want := idsWhere(all, func(h fleet.HostView) bool { return h.Health.State() == state })
		require.Equal(w, want, w.matching(fleet.HostMatch{Health: state, Ages: ages}), state)
		require.Equal(w, len(want), sum.Health[state], state)
	}
	for _, stale := range []bool{true, false} {
		want := idsWhere(all, func(h fleet.HostView) bool { return ages.Stale(h.Health.OldestResultAt) == stale })
		require.Equal(w, want, w.matching(fleet.HostMatch{Stale: &stale, Ages: ages}), "stale: %t", stale)
	}
	sorted, err := w.store.Hosts(w.Context(), everything, fleet.HostFilter{
		HostMatch: fleet.HostMatch{Ages: ages}, Sort: fleet.HostsByHealth, Limit: 100,
	})
	require.NoError(w, err)
	require.True(w, slices.IsSortedFunc(sorted, func(a, b fleet.HostView) int {
		return a.Health.State().Rank() - b.Health.State().Rank()
	}))
}

func (w *healthWorld) matching(m fleet.HostMatch) []string {
	hosts, err := w.store.Hosts(w.Context(), everything, fleet.HostFilter{HostMatch: m, Limit: 100})
	require.NoError(w, err)
	return idsWhere(hosts, func(fleet.HostView) bool { return true })
}

func idsWhere(hosts []fleet.HostView, is func(fleet.HostView) bool) []string {
	ids := []string{}
	for _, h := range hosts {
		if is(h) {
			ids = append(ids, h.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

func TestWhatIsKeptOfAHostsHealthIsAlwaysThatOfItsChecks(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		w := &healthWorld{sweepDB: newSweepDB(t), Rand: rand.New(rand.NewPCG(seed, 0)), slots: map[string]int{}}
		for range 4 {
			w.hosts = append(w.hosts, w.host("default"))
		}
		for range 60 {
			w.step()
			now := startOfTest.Add(time.Duration(w.second) * time.Second)
			w.agree(fleet.ResultAges{StaleBefore: now.Add(-time.Hour), KeptSince: now.Add(-time.Hour)})
			w.agree(fleet.ResultAges{StaleBefore: now.Add(-10 * time.Second), KeptSince: now.Add(-30 * time.Second)})
			w.agree(fleet.ResultAges{StaleBefore: now.Add(time.Second), KeptSince: now.Add(-30 * time.Second)})
		}
		w.exec(`delete from hosts where id = $1`, w.hosts[0])
	}
}

// Two checks recover in two transactions, neither of which sees the other's.
func TestAHostsHealthFollowsChangesThatDoNotSeeEachOther(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	host := db.host("default")
	one, other := db.check(host, 1), db.check(host, 2)
	db.put(result(one, 1, fleet.OutcomeUnhealthy), result(other, 1, fleet.OutcomeUnhealthy))
	ended := make(chan error, 1)
	db.inTransaction(func(ctx context.Context, exec func(string, ...any)) {
		exec(`update health_check_states set shown = 'healthy' where check_id = $1`, one.ID)
		exec(`set constraints all immediate`)
		go func() { ended <- db.store.StoreResults(ctx, []fleet.Result{result(other, 2, fleet.OutcomeHealthy)}) }()
		untilWaiting(t, storetest.Owner(t, db.pool), 1)
	})
	require.NoError(t, <-ended)
	require.Equal(t, fleet.HealthHealthy.Rank(), db.count(`select health from host_health where host_id = $1`, host))
}

// Programs of before may still write while the schema moves on, and nothing would count what is missed until it changes again.
func TestACheckThatIsMadeWhileHealthBeginsToBeKeptIsNotMissed(t *testing.T) {
	t.Parallel()
	db, err := sql.Open("pgx", storetest.Empty(t))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	require.NoError(t, store.MigrateTo(t.Context(), db, 19))
	_, err = db.ExecContext(t.Context(), `insert into hosts (id, fqdn, address) values (gen_random_uuid(), 'h', 'h')`)
	require.NoError(t, err)
	making, err := db.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	_, err = making.ExecContext(t.Context(), `insert into host_health_checks (id, host_id, slot, name, check_type, service_name)
		select gen_random_uuid(), id, 1, 'c', 'service', 'c' from hosts`)
	require.NoError(t, err)

	migrated := make(chan error, 1)
	go func() { _, err := store.MigrateDB(t.Context(), db); migrated <- err }()
	require.Eventually(t, func() bool {
		var waiting int
		err := db.QueryRowContext(t.Context(), `select count(*) from pg_locks where not granted and locktype = 'relation'
			and database = (select oid from pg_database where datname = current_database())`).Scan(&waiting)
		return len(migrated) > 0 || err == nil && waiting > 0
	}, time.Minute, time.Millisecond)
	require.NoError(t, making.Commit())
	require.NoError(t, <-migrated)
	var health int
	require.NoError(t, db.QueryRowContext(t.Context(), `select health from host_health`).Scan(&health))
	require.Equal(t, fleet.HealthUnknown.Rank(), health)
}
