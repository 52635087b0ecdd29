package store_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/storetest"
)

func TestAResultWrittenAgainChangesNothing(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	c := db.check(db.host("default"), 1)
	r := result(c, 0, fleet.OutcomeHealthy)
	db.put(r)
	before := db.state(c.ID)
	db.put(r)
	db.put(r, r)
	require.Equal(t, before, db.state(c.ID))
	require.Equal(t, 1, before.Consecutive)
	require.Equal(t, 1, db.count(`select count(*) from host_health_check_results`))
	require.Len(t, db.events("check.changed"), 1)
}

func TestAnOlderResultNeverOverwritesTheState(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	c := db.check(db.host("default"), 1)
	db.put(result(c, 10, fleet.OutcomeUnhealthy))
	db.put(result(c, 9, fleet.OutcomeHealthy))
	require.Equal(t, fleet.OutcomeUnhealthy, db.state(c.ID).Outcome)
	require.Equal(t, 2, db.count(`select count(*) from host_health_check_results`), "the history keeps it")
	require.Len(t, db.events("check.changed"), 1)
}

func TestAStateCountsEveryResultAndKeepsSinceWhenItIsSo(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	c := db.check(db.host("default"), 1)
	db.put(result(c, 2, fleet.OutcomeHealthy), result(c, 0, fleet.OutcomeHealthy), result(c, 1, fleet.OutcomeHealthy))
	require.Equal(t, storedState{
		Outcome: fleet.OutcomeHealthy, Detail: "healthy", CheckedAt: startOfTest.Add(2 * time.Second), Since: startOfTest, Consecutive: 3,
		Shown: fleet.OutcomeHealthy, ShownSince: startOfTest,
	}, db.state(c.ID))

	db.put(result(c, 3, fleet.OutcomeUnhealthy))
	db.put(result(c, 4, fleet.OutcomeError))
	require.Equal(t, storedState{
		Outcome: fleet.OutcomeError, Detail: "error", CheckedAt: startOfTest.Add(4 * time.Second),
		Since: startOfTest.Add(3 * time.Second), Consecutive: 2,
		Shown: fleet.OutcomeError, ShownSince: startOfTest.Add(4 * time.Second),
	}, db.state(c.ID), "unhealthy and error are both not healthy")
}

func TestOneEventTellsOfEachChangeToThoseWhoSeeTheHost(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	host := db.host("default")
	groups := []string{db.group(host), db.group(host)}
	c := db.check(host, 1)
	db.put(result(c, 0, fleet.OutcomeHealthy))
	db.put(result(c, 1, fleet.OutcomeHealthy))
	db.put(result(c, 2, fleet.OutcomeUnhealthy))
	db.put(result(c, 3, fleet.OutcomeError))
	db.put(result(c, 4, fleet.OutcomeHealthy))

	events := db.events("check.changed")
	outcomes := []string{}
	for _, e := range events {
		require.Equal(t, c.ID, e.Subject)
		require.Equal(t, groups, e.Groups)
		require.Equal(t, host, e.Payload["host_id"])
		outcomes = append(outcomes, e.Payload["outcome"].(string))
	}
	require.Equal(t, []string{"healthy", "unhealthy", "error", "healthy"}, outcomes)
}

func TestADeletedCheckDoesNotFailTheBatch(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	host := db.host("default")
	gone, kept := db.check(host, 1), db.check(host, 2)
	db.put(result(gone, 0, fleet.OutcomeHealthy))
	db.exec(`delete from host_health_checks where id = $1`, gone.ID)
	never := fleet.Check{ID: uuid.NewString(), HostID: host}

	db.put(result(gone, 1, fleet.OutcomeUnhealthy), result(kept, 1, fleet.OutcomeHealthy), result(never, 1, fleet.OutcomeHealthy))

	require.Equal(t, fleet.OutcomeHealthy, db.state(kept.ID).Outcome)
	require.Equal(t, 1, db.count(`select count(*) from health_check_states`))
	require.Len(t, db.events("check.changed"), 2)
}

func TestAnEditForgetsTheStateAndAResultOfTheEarlierDefinitionDoesNotBringItBack(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	c := db.check(db.host("default"), 1)
	db.put(result(c, 0, fleet.OutcomeHealthy))
	db.exec(`update host_health_checks set service_name = 'apache2' where id = $1`, c.ID)
	require.Zero(t, db.count(`select count(*) from health_check_states`))

	db.put(result(c, 1, fleet.OutcomeHealthy))
	require.Zero(t, db.count(`select count(*) from health_check_states`))
	require.Equal(t, 2, db.count(`select count(*) from host_health_check_results`))

	var edited time.Time
	require.NoError(t, db.pool.QueryRow(t.Context(), `select defined_at from host_health_checks`).Scan(&edited))
	c.DefinedAt = edited
	db.put(result(c, 2, fleet.OutcomeUnhealthy))
	require.Equal(t, fleet.OutcomeUnhealthy, db.state(c.ID).Outcome)
}

func TestWhatWasFoundOnAMachineOfAnotherNameIsNoStateOfThisOne(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	host := db.host("default")
	c := db.check(host, 1)
	db.put(result(c, 0, fleet.OutcomeHealthy))
	db.exec(`update hosts set address = '10.0.0.2' where id = $1`, host)
	require.Equal(t, 1, db.count(`select count(*) from health_check_states`), "the certificate is still of the same name")
	db.exec(`update hosts set fqdn = 'other.example' where id = $1`, host)
	db.put(result(c, 1, fleet.OutcomeHealthy))
	require.Zero(t, db.count(`select count(*) from health_check_states`))
}

func TestANewNameOfACheckKeepsItsState(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	c := db.check(db.host("default"), 1)
	db.put(result(c, 0, fleet.OutcomeHealthy))
	db.exec(`update host_health_checks set name = 'front door', enabled = false, updated_at = now() where id = $1`, c.ID)
	db.put(result(c, 1, fleet.OutcomeHealthy))
	require.Equal(t, 2, db.state(c.ID).Consecutive)
}

func TestAnEditUnderWayIsWaitedForBeforeAStateIsMade(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	c := db.check(db.host("default"), 1)
	stored := make(chan error, 1)
	db.inTransaction(func(ctx context.Context, exec func(string, ...any)) {
		exec(`update host_health_checks set service_name = 'apache2' where id = $1`, c.ID)
		go func() { stored <- db.store.StoreResults(ctx, []fleet.Result{result(c, 0, fleet.OutcomeHealthy)}) }()
		untilWaiting(t, storetest.Owner(t, db.pool), 1)
	})
	require.NoError(t, <-stored)
	require.Zero(t, db.count(`select count(*) from health_check_states`))
}

func TestTenThousandResultsAreOneBatch(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	db.exec(`insert into hosts (id, fqdn, address) select gen_random_uuid(), 'h' || n, '10.0.0.1' from generate_series(1, 2000) n`)
	db.exec(`insert into host_health_checks (id, host_id, slot, name, check_type, service_name)
		select gen_random_uuid(), h.id, n, 'c' || n, 'service', 'nginx' from hosts h, generate_series(1, 5) n`)
	rows, err := db.pool.Query(t.Context(), `select id, host_id from host_health_checks`)
	require.NoError(t, err)
	results := []fleet.Result{}
	for rows.Next() {
		var c fleet.Check
		require.NoError(t, rows.Scan(&c.ID, &c.HostID))
		results = append(results, result(c, 0, fleet.OutcomeHealthy))
	}
	require.NoError(t, rows.Err())
	require.Len(t, results, 10_000)

	db.put(results...)
	for i := range results {
		results[i].CheckedAt = results[i].CheckedAt.Add(time.Second)
		results[i].Outcome = fleet.OutcomeUnhealthy
	}
	db.put(results...)

	require.Equal(t, 20_000, db.count(`select count(*) from host_health_check_results`))
	require.Equal(t, 10_000, db.count(`select count(*) from health_check_states where not healthy and consecutive = 1`))
	require.Equal(t, 20_000, db.count(`select count(*) from events where kind = 'check.changed'`))
}

func TestWritersOfTheSameChecksInAnyOrderAllSucceed(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	host := db.host("default")
	checks := []fleet.Check{db.check(host, 1), db.check(host, 2), db.check(host, 3), db.check(host, 4), db.check(host, 5)}
	var wg sync.WaitGroup
	errs := make([]error, 20)
	for i := range errs {
		batch := []fleet.Result{}
		for n := range checks {
			batch = append(batch, result(checks[(n+i)%len(checks)], i, fleet.OutcomeHealthy))
		}
		wg.Go(func() { errs[i] = db.store.StoreResults(t.Context(), batch) })
	}
	wg.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	require.Equal(t, 100, db.count(`select count(*) from host_health_check_results`))
	for _, c := range checks {
		require.Equal(t, startOfTest.Add(19*time.Second), db.state(c.ID).CheckedAt)
	}
}

// The first result of a check is written while another writer, who has already seen that the check has no state, waits for
// the state of another check.
func TestAFirstResultWrittenMeanwhileDoesNotKeepOutANewerOne(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	host := db.host("default")
	held, fresh := db.check(host, 1), db.check(host, 2)
	db.meet(held, fresh)
	require.Equal(t, storedState{
		Outcome: fleet.OutcomeUnhealthy, Detail: "unhealthy", CheckedAt: startOfTest.Add(2 * time.Second),
		Since: startOfTest.Add(2 * time.Second), Consecutive: 1,
		Shown: fleet.OutcomeUnhealthy, ShownSince: startOfTest.Add(2 * time.Second),
	}, db.state(fresh.ID))
	require.Len(t, db.events("check.changed"), 3)
}

func TestADetailIsBoundedAndHoldsWhatPostgresCanKeep(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	c := db.check(db.host("default"), 1)
	r := result(c, 0, fleet.OutcomeUnhealthy)
	r.Detail, r.Latency = "a\x00\xff"+strings.Repeat("ü", fleet.MaxDetail), -time.Second
	db.put(r)
	require.LessOrEqual(t, len(db.state(c.ID).Detail), fleet.MaxDetail)
}

func TestATestedResultComesWithItsAuditEntryOrNotAtAll(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	host := db.host("default")
	c := db.check(host, 1)
	actor := fleet.Actor{UserID: uuid.NewString(), Name: "ann", RequestID: "r1"}
	require.NoError(t, db.store.StoreTestResult(t.Context(), actor, result(c, 0, fleet.OutcomeHealthy)))
	require.Equal(t, 1, db.count(`select count(*) from audit_entries where action = 'health_check.test' and subject_id = $1
		and actor_name = 'ann' and detail->>'host_id' = $2 and detail->>'outcome' = 'healthy'`, c.ID, host))
	require.Equal(t, fleet.OutcomeHealthy, db.state(c.ID).Outcome)

	db.exec(`delete from host_health_checks`)
	err := db.store.StoreTestResult(t.Context(), actor, result(c, 1, fleet.OutcomeHealthy))
	require.True(t, fleet.IsKind(err, fleet.KindNotFound))
	require.Equal(t, 1, db.count(`select count(*) from audit_entries`))
	require.Equal(t, 1, db.count(`select count(*) from host_health_check_results`))
}

func TestARunIsReleasableOnceEveryEnabledCheckOfItsHostIsHealthy(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	host, other := db.host("default"), db.host("default")
	a, b, off := db.check(host, 1), db.check(host, 2), db.check(host, 3)
	db.exec(`update host_health_checks set enabled = false where id = $1`, off.ID)
	job := db.job(fleet.StatusWaitingHealthCheck, host, other)
	db.check(other, 1)
	releasable := func() []fleet.RunRef {
		keys, err := db.store.ReleasableRuns(t.Context(), []string{host, other})
		require.NoError(t, err)
		return keys
	}
	require.Empty(t, releasable(), "no results yet")
	db.put(result(a, 0, fleet.OutcomeHealthy))
	require.Empty(t, releasable(), "one has no result")
	db.put(result(b, 0, fleet.OutcomeError))
	require.Empty(t, releasable(), "one is an error")
	db.put(result(b, 1, fleet.OutcomeHealthy))
	require.Equal(t, []fleet.RunRef{{JobID: job, HostID: host}}, releasable())
	require.Equal(t, []fleet.RunRef{{JobID: job, HostID: host}}, releasable(), "judged by how things are, as often as asked")
}

func TestOnlyRunsThatWaitForHealthAreReleasable(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	host := db.host("default")
	db.put(result(db.check(host, 1), 0, fleet.OutcomeHealthy))
	waiting := []string{db.job(fleet.StatusWaitingHealthCheck, host), db.job(fleet.StatusWaitingHealthCheck, host)}
	for _, s := range []fleet.Status{fleet.StatusQueued, fleet.StatusWaitingWindow, fleet.StatusWaitingSlot, fleet.StatusRunning, fleet.StatusSucceeded} {
		db.job(s, host)
	}
	keys, err := db.store.ReleasableRuns(t.Context(), []string{host})
	require.NoError(t, err)
	slices.Sort(waiting)
	require.Equal(t, []fleet.RunRef{{JobID: waiting[0], HostID: host}, {JobID: waiting[1], HostID: host}}, keys)
}

func TestResultsThatTwoWriteAtOnceAreThereOnce(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	host := db.host("default")
	checks := []fleet.Check{db.check(host, 1), db.check(host, 2), db.check(host, 3)}
	for i := range 20 { // the first of them make the states
		var batch []fleet.Result
		for _, c := range checks {
			batch = append(batch, result(c, 2*i, fleet.OutcomeHealthy), result(c, 2*i+1, fleet.OutcomeUnhealthy))
		}
		var writing errgroup.Group
		for range 4 {
			writing.Go(func() error { return db.store.StoreResults(t.Context(), batch) })
		}
		require.NoError(t, writing.Wait())
		require.Equal(t, (i+1)*len(batch), db.count(`select count(*) from host_health_check_results`))
	}
}

func TestAnOldResultThatTwoWriteAtOnceIsThereOnce(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	c := db.check(db.host("default"), 1)
	db.put(result(c, 100, fleet.OutcomeHealthy))
	for i := range 50 {
		var writing errgroup.Group
		for range 4 {
			writing.Go(func() error {
				return db.store.StoreResults(t.Context(), []fleet.Result{result(c, i, fleet.OutcomeUnhealthy)})
			})
		}
		require.NoError(t, writing.Wait())
	}
	require.Equal(t, 51, db.count(`select count(*) from host_health_check_results`))
}
