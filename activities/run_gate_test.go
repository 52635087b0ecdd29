package activities_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/activities"
	"github.com/patch-manager/patch-manager/agent/agenttest"
	"github.com/patch-manager/patch-manager/fleet"
)

func TestAHostWithoutChecksIsPatchedAndTheVerdictSaysSo(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	ref := s.job(jobSpec{})
	s.requireEnded(s.carryOut(ref), ref, fleet.StatusSucceeded, fleet.ReasonPatched)
	require.Equal(t, 1, s.applies())
	require.Empty(t, s.host.Pending())
	require.Equal(t, "open_no_checks", stored[string](s, `select verdict from gate_evaluations`))
	r := s.run(ref)
	require.True(t, r.Row.Attempted)
	require.NotNil(t, r.Attempt.FinishedAt)
	require.Len(t, r.Attempt.Packages, 3)
	for _, p := range r.Attempt.Packages {
		require.Equal(t, fleet.PackageInstalled, p.Result)
	}
	require.Equal(t, 0, stored[int](s, `select pending_patches from hosts`), "the inventory is taken after the run")
}

func TestAHealthyHostIsPatched(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	s.serviceCheck("nginx.service")
	ref := s.job(jobSpec{})
	s.requireEnded(s.carryOut(ref), ref, fleet.StatusSucceeded, fleet.ReasonPatched)
	require.Equal(t, "open", stored[string](s, `select verdict from gate_evaluations`))
	require.Equal(t, "nginx.service", stored[string](s, `select checks->0->>'name' from gate_evaluations`))
}

func TestAnUnhealthyHostWaitsAndNamesItsFailingChecksUntilItRecovers(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	s.serviceCheck("ssh.service")
	s.serviceCheck("nginx.service")
	s.host.SetServiceHealthy("nginx.service", false)
	ref := s.job(jobSpec{})
	wait := s.requireWaiting(s.carryOut(ref), ref, fleet.StatusWaitingHealthCheck, fleet.WaitHealthCheck)
	require.Len(t, wait.Failing, 1)
	require.Equal(t, "nginx.service", wait.Failing[0].Name)
	require.NotEmpty(t, wait.Failing[0].Detail)
	require.WithinDuration(t, time.Now().Add(5*time.Minute), *wait.NextTryAt, 30*time.Second)
	require.Equal(t, "shut", stored[string](s, `select verdict from gate_evaluations where next_try_at is not null`))
	require.Equal(t, []string{"GET /system/services/ssh.service", "GET /system/services/nginx.service"}, s.host.Requests())

	s.host.SetServiceHealthy("nginx.service", true)
	s.requireEnded(s.carryOut(ref), ref, fleet.StatusSucceeded, fleet.ReasonPatched)
	require.Equal(t, 1, s.applies())
}

func TestTheFirstFailureShutsTheGateAndTheFirstSuccessOpensItWhateverTheCheckShows(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	s.storedHealthy(s.serviceCheck("nginx.service"), 10*time.Minute)
	s.exec(`update host_health_checks set failure_threshold = 3, success_threshold = 3`)
	s.host.SetServiceHealthy("nginx.service", false)
	ref := s.job(jobSpec{})
	wait := s.requireWaiting(s.carryOut(ref), ref, fleet.StatusWaitingHealthCheck, fleet.WaitHealthCheck)
	require.Equal(t, "nginx.service", wait.Failing[0].Name)
	require.Zero(t, s.applies())
	require.Equal(t, "unhealthy healthy", stored[string](s, `select outcome || ' ' || shown from health_check_states`))

	s.exec(`update health_check_states set shown = outcome`)
	s.host.SetServiceHealthy("nginx.service", true)
	require.Equal(t, activities.StepFollow, s.dispatch(ref).Next)
	require.Equal(t, 1, s.applies())
	require.Equal(t, "healthy unhealthy", stored[string](s, `select outcome || ' ' || shown from health_check_states`))
}

func TestStaleEvidenceIsAskedForAgain(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	s.storedHealthy(s.serviceCheck("nginx.service"), 10*time.Minute)
	s.host.SetServiceHealthy("nginx.service", false)
	ref := s.job(jobSpec{})
	s.requireWaiting(s.carryOut(ref), ref, fleet.StatusWaitingHealthCheck, fleet.WaitHealthCheck)
	require.Zero(t, s.applies())
}

func TestFreshEvidenceIsNotAskedForAgain(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	s.storedHealthy(s.serviceCheck("nginx.service"), time.Second)
	ref := s.job(jobSpec{})
	s.plan(ref)
	s.dispatch(ref)
	require.False(t, slices.ContainsFunc(s.host.Requests(), func(r string) bool { return strings.Contains(r, "services") }))
	require.Equal(t, 1, s.applies())
}

func TestEvidenceThatASlowAgentUsedUpIsAskedForAgain(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	s.policy.Gate.MaxResultAge = 4 * time.Second // half of it is kept free for what comes after the gate
	s.serviceCheck("nginx.service")
	s.host.Inject("GET /patches", 1, agenttest.Drip(4*time.Millisecond)) // some hundred bytes
	ref := s.job(jobSpec{})
	s.plan(ref)
	require.Equal(t, activities.StepFollow, s.dispatch(ref).Next)
	asked := slices.DeleteFunc(s.host.Requests(), func(r string) bool { return !strings.Contains(r, "services") })
	require.Len(t, asked, 2)
}

func TestACheckThatCanNotBeCarriedOutKeepsTheGateShut(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	s.exec(`insert into encryption_keys (id, canary, canary_nonce) values (1, 'x', 'x')`)
	s.exec(`insert into host_health_checks (id, host_id, slot, name, check_type, url, expected_body, basic_auth_user,
		basic_auth_pass_encrypted, basic_auth_pass_nonce, basic_auth_key_id) values ($1, $2, 1, 'page', 'http', $3, 'OK', 'u', 'x', 'x', 1)`,
		newUUID(), s.hostID, s.host.WebURL())
	ref := s.job(jobSpec{})
	wait := s.requireWaiting(s.carryOut(ref), ref, fleet.StatusWaitingHealthCheck, fleet.WaitHealthCheck)
	require.Contains(t, wait.Detail, "the stored password can not be read")
	require.Equal(t, "error", stored[string](s, `select outcome from health_check_states`))
}

func TestAWindowThatClosesBetweenGateAndDispatchEndsTheHost(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	s.serviceCheck("nginx.service")
	s.window(fleet.Maintenance, time.Hour, 3*time.Hour)
	ref := s.job(jobSpec{scheduled: true})
	s.host.Inject("GET /system/info", 1, s.before(func() { s.window(fleet.Blackout, time.Minute, time.Hour) }))
	s.requireEnded(s.carryOut(ref), ref, fleet.StatusFailed, fleet.ReasonWindowClosed)
	require.False(t, s.run(ref).Row.Attempted)
	require.NotContains(t, s.host.Requests(), "POST /patches/apply")
	require.Equal(t, 1, stored[int](s, `select count(*) from gate_evaluations`))
}

func TestACheckThatFailsBetweenGateAndDispatchKeepsTheGateShut(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	check := s.serviceCheck("nginx.service")
	ref := s.job(jobSpec{})
	s.host.Inject("GET /system/info", 1, s.before(func() {
		s.exec(`update health_check_states set outcome = 'unhealthy', healthy = false, detail = 'polled' where check_id = $1`, check)
	}))
	wait := s.requireWaiting(s.carryOut(ref), ref, fleet.StatusWaitingHealthCheck, fleet.WaitHealthCheck)
	require.Contains(t, wait.Detail, "polled")
	require.Zero(t, s.applies())
}

func TestACancellationBetweenGateAndDispatchIsObeyed(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	ref := s.job(jobSpec{})
	s.host.Inject("GET /system/info", 1, s.before(func() {
		require.NoError(t, s.store.CancelJob(t.Context(), ref.JobID, fleet.Actor{Name: "ann"}))
	}))
	s.requireEnded(s.carryOut(ref), ref, fleet.StatusCancelled, fleet.ReasonCancelledByUser)
	require.Zero(t, s.applies())
}

func TestAHostOutsideItsWindowWaitsForItAndIsNotAsked(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	ref := s.job(jobSpec{scheduled: true})
	require.Contains(t, s.requireWaiting(s.carryOut(ref), ref, fleet.StatusWaitingWindow, fleet.WaitWindow).Detail, "no maintenance window")
	s.window(fleet.Maintenance, -2*time.Hour, time.Hour)
	wait := s.requireWaiting(s.dispatch(ref), ref, fleet.StatusWaitingWindow, fleet.WaitWindow)
	require.WithinDuration(t, time.Now().Add(2*time.Hour), *wait.NextTryAt, 2*time.Minute)
	require.Nil(t, s.run(ref).Row.SpanEnteredAt)
	require.Empty(t, s.host.Requests())
}

func TestABlackoutHoldsAnImmediateJobToItsGateTimeout(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	s.window(fleet.Blackout, 10*time.Minute, 5*time.Hour)
	ref := s.job(jobSpec{})
	wait := s.requireWaiting(s.carryOut(ref), ref, fleet.StatusWaitingWindow, fleet.WaitBlackout)
	require.WithinDuration(t, time.Now().Add(time.Hour), *wait.NextTryAt, time.Minute, "the gate timeout comes first")
	s.exec(`update job_hosts set gate_started_at = gate_started_at - interval '61 minutes'`)
	s.requireEnded(s.carryOut(ref), ref, fleet.StatusFailed, fleet.ReasonGateTimeout)
	require.Contains(t, s.run(ref).Row.Detail, "blackout")
	require.Empty(t, s.host.Requests())
}

func TestAHostThatEnteredItsWindowStaysEnteredThoughNoWorkerReachesIt(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	s.window(fleet.Maintenance, time.Hour, 3*time.Hour)
	ref := s.job(jobSpec{scheduled: true})
	step := s.plan(ref)
	require.Equal(t, activities.StepDispatch, step.Next)
	require.WithinDuration(t, time.Now().Add(105*time.Minute), step.Deadline, 2*time.Minute)
	r := s.run(ref)
	require.Equal(t, fleet.StatusWaitingHealthCheck, r.Row.Status)
	require.NotNil(t, r.Row.SpanEnteredAt)
	require.Contains(t, r.Row.Wait.Unblocks, "zone default")
	s.exec(`delete from maintenance_windows`)
	s.window(fleet.Maintenance, -time.Minute, 3*time.Hour)
	s.requireEnded(s.plan(ref), ref, fleet.StatusFailed, fleet.ReasonWindowClosed)
}

// before runs do when the agent is asked, then lets it answer.
func (s *runSite) before(do func()) agenttest.Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		do()
		next.ServeHTTP(w, r)
	}
}

// storedHealthy adds a result that a poll stored some time ago.
func (s *runSite) storedHealthy(check string, age time.Duration) {
	s.Helper()
	s.exec(`update host_health_checks set updated_at = now() - interval '1 day'`)
	s.exec(`insert into health_check_states (check_id, host_id, outcome, healthy, detail, latency_ms, checked_at, since, shown, shown_since)
		values ($1, $2, 'healthy', true, 'polled', 1, clock_timestamp() - make_interval(secs => $3), now(), 'healthy', now())`, check, s.hostID, age.Seconds())
}
