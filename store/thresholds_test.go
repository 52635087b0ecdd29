package store_test

import (
	"database/sql"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store"
	"github.com/patch-manager/patch-manager/store/storetest"
)

// outcomes reads one letter for each result: h is healthy, u unhealthy, e an error.
func outcomes(letters string) []fleet.Outcome {
	byLetter := map[rune]fleet.Outcome{'h': fleet.OutcomeHealthy, 'u': fleet.OutcomeUnhealthy, 'e': fleet.OutcomeError}
	out := make([]fleet.Outcome, 0, len(letters))
	for _, l := range letters {
		out = append(out, byLetter[l])
	}
	return out
}

func (db *sweepDB) thresholds(c fleet.Check, failures, successes int) {
	db.Helper()
	db.exec(`update host_health_checks set failure_threshold = $2, success_threshold = $3 where id = $1`, c.ID, failures, successes)
}

func TestACheckShowsAnotherHealthOnceEnoughResultsInARowSaySo(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	host := db.host("default")
	for name, c := range map[string]struct {
		failures, successes int
		results, shown      string
	}{
		"by default every result shows":                   {1, 1, "huehuh", "huehuh"},
		"the first result shows whatever it is":           {10, 10, "u", "u"},
		"failures are held up to the threshold":           {3, 1, "huuuh", "hhhuh"},
		"an error counts as a failure and the last shows": {3, 1, "huue", "hhhe"},
		"one success begins the count anew":               {3, 1, "huuhuuu", "hhhhhhu"},
		"successes are held up to the threshold":          {1, 3, "uhhhu", "uuuhu"},
		"one failure begins the count anew":               {1, 3, "uhhuhhh", "uuuuuuh"},
		"a failure of the other kind shows at once":       {3, 3, "uehe", "ueee"},
		"both at the limit":                               {10, 10, "huuuuuuuuuuhhhhhhhhhh", "hhhhhhhhhhuuuuuuuuuuh"},
	} {
		check := db.check(host, 1)
		db.thresholds(check, c.failures, c.successes)
		for i, o := range outcomes(c.results) {
			db.put(result(check, i, o))
			require.Equal(t, outcomes(c.shown)[i], db.state(check.ID).Shown, "%s: after %s", name, c.results[:i+1])
			require.Equal(t, o, db.state(check.ID).Outcome, "%s: the last result is kept besides", name)
		}
		one := db.state(check.ID)
		db.exec(`delete from health_check_states`)
		backlog := []fleet.Result{}
		for i, o := range outcomes(c.results) {
			backlog = append(backlog, result(check, i, o))
		}
		db.put(backlog...)
		require.Equal(t, one, db.state(check.ID), "%s: in one batch", name)
		db.exec(`delete from host_health_checks`)
		db.exec(`delete from host_health_check_results`)
	}
}

func TestWhatIsShownIsSinceItChanged(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	c := db.check(db.host("default"), 1)
	db.thresholds(c, 2, 2)
	for i, o := range outcomes("huuuhhh") {
		db.put(result(c, i, o))
		want := startOfTest.Add(time.Duration([]int{0, 0, 2, 2, 2, 5, 5}[i]) * time.Second)
		require.Equal(t, want, db.state(c.ID).ShownSince, i)
	}
}

func TestAnotherThresholdHoldsFromTheNextResultOn(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	c := db.check(db.host("default"), 1)
	db.thresholds(c, 5, 1)
	for i, o := range outcomes("huu") {
		db.put(result(c, i, o))
	}
	db.thresholds(c, 2, 1)
	require.Equal(t, fleet.OutcomeHealthy, db.state(c.ID).Shown, "the edit itself shows nothing new")
	db.put(result(c, 3, fleet.OutcomeUnhealthy))
	require.Equal(t, fleet.OutcomeUnhealthy, db.state(c.ID).Shown)
	db.thresholds(c, 10, 1)
	db.put(result(c, 4, fleet.OutcomeUnhealthy))
	require.Equal(t, fleet.OutcomeUnhealthy, db.state(c.ID).Shown, "nor does a longer one take back what is shown")
}

func TestACheckThatAsksSomethingElseShowsItsFirstResultAtOnce(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	c := db.check(db.host("default"), 1)
	db.thresholds(c, 3, 3)
	db.put(result(c, 0, fleet.OutcomeHealthy))
	err := db.pool.QueryRow(t.Context(), `update host_health_checks set service_name = 'apache2' where id = $1 returning defined_at`,
		c.ID).Scan(&c.DefinedAt)
	require.NoError(t, err)
	db.put(result(c, 1, fleet.OutcomeUnhealthy))
	require.Equal(t, fleet.OutcomeUnhealthy, db.state(c.ID).Shown)
}

func TestAnEventTellsOfAFlipAndOfWhatShowsLater(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	c := db.check(db.host("default"), 1)
	db.thresholds(c, 3, 1)
	told := [][2]any{}
	for i, o := range outcomes("hhuuuuh") {
		db.put(result(c, i, o))
	}
	for _, e := range db.events("check.changed") {
		told = append(told, [2]any{e.Payload["outcome"], e.Payload["shown"]})
	}
	require.Equal(t, [][2]any{{"healthy", "healthy"}, {"unhealthy", "healthy"}, {"unhealthy", "unhealthy"}, {"healthy", "healthy"}}, told)
}

// A writer that found no state meets one that another has made meanwhile, and moves it by the thresholds, too.
func TestThresholdsHoldForAStateThatWasMadeMeanwhile(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	host := db.host("default")
	held, fresh := db.check(host, 1), db.check(host, 2)
	db.thresholds(fresh, 2, 1)
	db.meet(held, fresh)
	state := db.state(fresh.ID)
	require.Equal(t, fleet.OutcomeUnhealthy, state.Outcome)
	require.Equal(t, fleet.OutcomeHealthy, state.Shown)
	require.Equal(t, startOfTest.Add(time.Second), state.ShownSince)
}

func TestHostsAreListedByWhatTheirChecksShowAndPreviewedByTheirLastResults(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	host := db.host("default")
	c := db.check(host, 1)
	ages := fleet.ResultAges{StaleBefore: startOfTest.Add(-time.Hour), KeptSince: startOfTest.Add(-time.Hour)}
	every := fleet.Scope{All: true}
	for name, given := range map[string]struct {
		failures, successes int
		results             string
		shown, found        fleet.HealthState
	}{
		"a failure that is held":           {3, 1, "hu", fleet.HealthHealthy, fleet.HealthUnhealthy},
		"an error that is held":            {3, 1, "he", fleet.HealthHealthy, fleet.HealthUnknown},
		"a recovery that is held":          {1, 3, "uh", fleet.HealthUnhealthy, fleet.HealthHealthy},
		"a recovery from an error is held": {1, 3, "eh", fleet.HealthUnknown, fleet.HealthHealthy},
	} {
		db.exec(`delete from health_check_states`)
		db.thresholds(c, given.failures, given.successes)
		for i, o := range outcomes(given.results) {
			db.put(result(c, i, o))
		}
		one, err := db.store.Host(t.Context(), every, host, ages)
		require.NoError(t, err)
		require.Equal(t, given.shown, one.Health.State(), name)
		for _, state := range []fleet.HealthState{fleet.HealthHealthy, fleet.HealthUnhealthy, fleet.HealthUnknown} {
			match := fleet.HostMatch{Health: state, Ages: ages}
			listed, err := db.store.Hosts(t.Context(), every, fleet.HostFilter{HostMatch: match, Sort: fleet.HostsByHealth, Limit: 2})
			require.NoError(t, err)
			require.Len(t, listed, map[bool]int{true: 1}[state == given.shown], "%s: list of %s", name, state)
		}
		summary, err := db.store.Summary(t.Context(), every, fleet.HostMatch{Ages: ages})
		require.NoError(t, err)
		require.Equal(t, 1, summary.Health[given.shown], name)
		candidates, err := db.store.JobCandidates(t.Context(), admin, fleet.JobRequest{HostIDs: []string{host}}, ages)
		require.NoError(t, err)
		require.Equal(t, given.found, candidates[0].Health.State(), name)
	}
}

func TestARunIsReleasableByTheLastResultsWhateverIsShown(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	host := db.host("default")
	c := db.check(host, 1)
	db.thresholds(c, 3, 3)
	job := db.job(fleet.StatusWaitingHealthCheck, host)
	releasable := func() []fleet.RunRef {
		keys, err := db.store.ReleasableRuns(t.Context(), []string{host})
		require.NoError(t, err)
		return keys
	}
	db.put(result(c, 0, fleet.OutcomeUnhealthy))
	db.put(result(c, 1, fleet.OutcomeHealthy))
	require.Equal(t, fleet.OutcomeUnhealthy, db.state(c.ID).Shown)
	require.Equal(t, []fleet.RunRef{{JobID: job, HostID: host}}, releasable())
	db.put(result(c, 2, fleet.OutcomeHealthy), result(c, 3, fleet.OutcomeHealthy), result(c, 4, fleet.OutcomeUnhealthy))
	require.Equal(t, fleet.OutcomeHealthy, db.state(c.ID).Shown)
	require.Empty(t, releasable())
}

func TestAStateFromBeforeThresholdsShowsItsLastResult(t *testing.T) {
	t.Parallel()
	db, err := sql.Open("pgx", storetest.Empty(t))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	require.NoError(t, store.MigrateTo(t.Context(), db, 18))
	_, err = db.ExecContext(t.Context(), `with h as (insert into hosts (id, fqdn, address) values (gen_random_uuid(), 'h', 'h') returning id)
		insert into host_health_checks (id, host_id, slot, name, check_type, service_name)
		select gen_random_uuid(), id, 1, 'c', 'service', 'c' from h`)
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), `insert into health_check_states (check_id, host_id, outcome, healthy, detail, latency_ms, checked_at, since)
		select id, host_id, 'error', false, '', 1, now(), now() - interval '1 hour' from host_health_checks`)
	require.NoError(t, err)

	_, err = store.MigrateDB(t.Context(), db)
	require.NoError(t, err)
	var kept bool
	require.NoError(t, db.QueryRowContext(t.Context(), `select s.shown = 'error' and s.shown_since = s.since
		and c.failure_threshold = 1 and c.success_threshold = 1
		from health_check_states s join host_health_checks c on c.id = s.check_id`).Scan(&kept))
	require.True(t, kept)
}
