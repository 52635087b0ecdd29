package activities_test

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/activities"
	"github.com/patch-manager/patch-manager/agent/agenttest"
	"github.com/patch-manager/patch-manager/fleet"
)

const apply = "POST /patches/apply"

func TestAnApplyThatTheAgentRunsAlreadyMakesTheHostBusy(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	s.host.PlanJobs(agenttest.JobPlan{Never: true})
	foreign := s.applyDirectly("curl")
	ref := s.job(jobSpec{})
	wait := s.requireWaiting(s.carryOut(ref), ref, fleet.StatusWaitingSlot, fleet.WaitHostBusy)
	require.Contains(t, wait.Detail, foreign)
	require.Equal(t, 1, s.applies())
	require.Zero(t, stored[int](s, `select count(*) from patch_attempts`))
	require.Equal(t, "open_no_checks", stored[string](s, `select verdict from gate_evaluations where next_try_at is not null`))
}

func TestAHostThatAnotherJobPatchesIsBusy(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	s.host.PlanJobs(agenttest.JobPlan{Duration: time.Hour})
	first, second := s.job(jobSpec{}), s.job(jobSpec{})
	s.plan(first)
	s.dispatch(first)
	s.host.RestartAgent() // which forgets what it runs, so that only our own word is left
	s.requireWaiting(s.carryOut(second), second, fleet.StatusWaitingSlot, fleet.WaitHostBusy)
	require.Equal(t, 1, s.applies())
}

func TestAHostWithoutASlotWaitsAndIsSignalledWhenOneFrees(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	ref := s.job(jobSpec{})
	other := s.otherHost(ref)
	s.takeSlot(other)
	s.requireWaiting(s.carryOut(ref), ref, fleet.StatusWaitingSlot, fleet.WaitSlot)
	require.Zero(t, s.applies())
	require.Empty(t, s.signals.wokenHosts())

	require.NoError(t, activities.NewJobs(s.store, s.signals).AbandonHost(t.Context(), other))
	require.Equal(t, fleet.StatusIndeterminate, s.run(other).Row.Status)
	require.Equal(t, []string{ref.HostID}, s.signals.wokenHosts())
	s.requireEnded(s.carryOut(ref), ref, fleet.StatusSucceeded, fleet.ReasonPatched)
}

func TestARefusalWithRetryAfterIsObeyedAndFreesTheSlot(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	ref := s.job(jobSpec{})
	other := s.otherHost(ref)
	require.NoError(t, s.store.SaveWaiting(t.Context(), other.JobID, other.HostID, fleet.Waiting{
		Status: fleet.StatusWaitingSlot, Wait: fleet.Wait{Reason: fleet.WaitSlot},
	}))
	s.host.Inject(apply, 1, agenttest.QueueFull(30*time.Second))
	wait := s.requireWaiting(s.carryOut(ref), ref, fleet.StatusWaitingHealthCheck, fleet.WaitRefused)
	require.WithinDuration(t, time.Now().Add(30*time.Second), *wait.NextTryAt, 10*time.Second)
	r := s.run(ref)
	require.Nil(t, r.Attempt)
	require.Equal(t, 1, r.Refusals)
	require.True(t, r.Row.Attempted)
	require.Equal(t, []string{other.HostID}, s.signals.wokenHosts())
	require.NotZero(t, s.signals.delivered)

	s.requireEnded(s.carryOut(ref), ref, fleet.StatusSucceeded, fleet.ReasonPatched)
	require.Equal(t, 1, s.applies())
}

func TestAConflictIsTriedAgainAfterTheRetryInterval(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	ref := s.job(jobSpec{})
	s.host.Inject(apply, 1, agenttest.Problem(http.StatusConflict, "ADMISSION_CLOSED", 0))
	wait := s.requireWaiting(s.carryOut(ref), ref, fleet.StatusWaitingHealthCheck, fleet.WaitRefused)
	require.WithinDuration(t, time.Now().Add(5*time.Minute), *wait.NextTryAt, 30*time.Second)
}

func TestFiveRefusalsAreTheEnd(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	ref := s.job(jobSpec{})
	s.host.Inject(apply, agenttest.Always, agenttest.QueueFull(time.Second))
	for range fleet.MaxAttempts - 1 {
		s.requireWaiting(s.carryOut(ref), ref, fleet.StatusWaitingHealthCheck, fleet.WaitRefused)
	}
	s.requireEnded(s.carryOut(ref), ref, fleet.StatusFailed, fleet.ReasonTooManyRefusals)
	require.Equal(t, fleet.MaxAttempts, s.sent())
	require.True(t, s.run(ref).Row.Attempted)
}

func TestAHostThatCanNotBeDialledIsNotAttempted(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	ref := s.job(jobSpec{})
	for range fleet.MaxAttempts - 1 {
		s.vanishAfterPreflight()
		wait := s.requireWaiting(s.carryOut(ref), ref, fleet.StatusWaitingHealthCheck, fleet.WaitAgent)
		require.Contains(t, wait.Detail, "nothing was sent")
		require.False(t, s.run(ref).Row.Attempted)
		require.Empty(t, s.run(ref).Attempt)
	}
	s.vanishAfterPreflight()
	s.requireEnded(s.carryOut(ref), ref, fleet.StatusFailed, fleet.ReasonAgentUnreachable)
	require.Zero(t, s.run(ref).Job.Failures, "it does not count towards max_failures")
	require.Zero(t, s.sent())
}

func TestAnAgentThatDoesNotAnswerThePreflightIsWaitedFor(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	ref := s.job(jobSpec{})
	s.host.SetReachable(false)
	s.requireWaiting(s.carryOut(ref), ref, fleet.StatusWaitingHealthCheck, fleet.WaitAgent)
	s.host.SetReachable(true)
	s.host.Inject("GET /jobs", 1, agenttest.Answer(http.StatusOK, "{}"))
	s.requireWaiting(s.carryOut(ref), ref, fleet.StatusWaitingHealthCheck, fleet.WaitAgent)
	require.Zero(t, stored[int](s, `select count(*) from patch_attempts`))
}

func TestARejectedRequestIsTheEnd(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	ref := s.job(jobSpec{})
	s.host.Inject(apply, 1, agenttest.Problem(http.StatusBadRequest, "VALIDATION_ERROR", 0))
	s.requireEnded(s.carryOut(ref), ref, fleet.StatusFailed, fleet.ReasonAgentError)
	require.Contains(t, s.run(ref).Row.Detail, "VALIDATION_ERROR")
	require.Equal(t, 1, s.run(ref).Job.Failures)
	require.Equal(t, 1, s.sent())
}

func TestALostAnswerIsAdoptedAndThePatchExecutedOnce(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]agenttest.Fault{
		"reset": agenttest.AcceptThenReset(), "500": acceptThen(http.StatusInternalServerError),
		"truncated": agenttest.Truncate(5), "200": acceptThen(http.StatusOK),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newRunSite(t)
			ref := s.job(jobSpec{})
			s.host.Inject(apply, agenttest.Always, fault)
			s.plan(ref)
			require.Equal(t, activities.StepFollow, s.dispatch(ref).Next)
			require.Equal(t, fleet.AttemptUnknown, s.run(ref).Attempt.State)
			s.requireEnded(s.carryOut(ref), ref, fleet.StatusSucceeded, fleet.ReasonPatched)
			require.Equal(t, 1, s.applies())
			require.Equal(t, s.fleet.Executions()[0].JobID, s.run(ref).Attempt.AgentJobID)
		})
	}
}

func TestARequestThatNeverArrivedIsIndeterminateAndBlocksTheHost(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	ref, next := s.job(jobSpec{}), s.job(jobSpec{})
	s.host.Inject(apply, agenttest.Always, agenttest.Reset())
	s.requireEnded(s.carryOut(ref), ref, fleet.StatusIndeterminate, fleet.ReasonOutcomeUnknown)
	for _, p := range s.run(ref).Attempt.Packages {
		require.Equal(t, fleet.PackageUnknown, p.Result)
	}
	s.requireWaiting(s.carryOut(next), next, fleet.StatusWaitingSlot, fleet.WaitHostBusy)
	require.Equal(t, 1, s.sent())
	require.Zero(t, s.applies())
}

func TestDispatchingManyTimesAtOnceExecutesOnce(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	s.serviceCheck("nginx.service")
	s.host.PlanJobs(agenttest.JobPlan{Duration: time.Second})
	ref := s.job(jobSpec{maxParallel: 10})
	s.plan(ref)
	var all sync.WaitGroup
	for range 12 {
		// A conflict is what Temporal tries again.
		all.Go(func() { _, _ = s.try((*activities.Runs).DispatchPatch, ref) })
	}
	all.Wait()
	require.Equal(t, 1, s.applies())
	require.Equal(t, 1, s.sent())
	require.Equal(t, 1, stored[int](s, `select count(*) from patch_attempts`))
	s.requireEnded(s.carryOut(ref), ref, fleet.StatusSucceeded, fleet.ReasonPatched)
	require.Equal(t, 1, s.applies())
}

func TestAnIntentWhoseSenderWasLostIsNeverSent(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	ref := s.job(jobSpec{})
	s.takeSlot(ref)
	for _, do := range []step{(*activities.Runs).DispatchPatch, (*activities.Runs).PlanHost, (*activities.Runs).FollowPatch} {
		next := s.must(do, ref)
		require.Equal(t, activities.StepWait, next.Next)
		require.WithinDuration(t, s.run(ref).Attempt.SendBefore.Add(time.Second), next.WakeAt, time.Millisecond)
	}
	require.Equal(t, fleet.AttemptPrepared, s.run(ref).Attempt.State)

	s.exec(`update patch_attempts set send_before = clock_timestamp()`)
	require.Equal(t, activities.StepFollow, s.dispatch(ref).Next)
	require.Equal(t, fleet.AttemptUnknown, s.run(ref).Attempt.State)
	s.requireEnded(s.carryOut(ref), ref, fleet.StatusIndeterminate, fleet.ReasonOutcomeUnknown)
	require.Zero(t, s.sent())
}

func TestARefusalThatWasNotFollowedByAWaitIsTriedAgain(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	ref := s.job(jobSpec{})
	attempt := s.takeSlot(ref)
	require.NoError(t, s.store.RecordRefused(t.Context(), attempt, ref.JobID, ref.HostID, "busy"))
	require.Equal(t, fleet.StatusRunning, s.run(ref).Row.Status, "the worker was lost right then")
	s.requireEnded(s.carryOut(ref), ref, fleet.StatusSucceeded, fleet.ReasonPatched)
	require.Equal(t, 2, s.run(ref).Attempt.Number)
}

func TestAnApplyThatARestoredDatabaseForgotIsVerifiedAndNotRepeated(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	ref := s.job(jobSpec{})
	s.appliedDirectly("nginx", "curl") // by this very job, before the database was restored
	s.requireEnded(s.carryOut(ref), ref, fleet.StatusSucceeded, fleet.ReasonPatched)
	require.Equal(t, 1, s.applies())
	require.Equal(t, []string{"openssl"}, s.host.Pending())
}

func TestAnApplyFromBeforeTheJobIsNotTakenForItsOwn(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	s.appliedDirectly("curl")
	ref := s.job(jobSpec{})
	s.exec(`update jobs set created_at = clock_timestamp() + interval '10 seconds'`) // beyond what clocks may differ
	s.requireEnded(s.carryOut(ref), ref, fleet.StatusSucceeded, fleet.ReasonPatched)
	require.Equal(t, 2, s.applies())
}

func TestAnApplyOfPackagesThatTheJobDoesNotWantIsNotTakenForItsOwn(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	ref := s.job(jobSpec{packages: []string{"nginx"}})
	s.appliedDirectly("curl")
	s.requireEnded(s.carryOut(ref), ref, fleet.StatusSucceeded, fleet.ReasonPatched)
	require.Equal(t, 2, s.applies())
	require.Equal(t, []string{"openssl"}, s.host.Pending())
}

// acceptThen does what is asked and answers with another status.
func acceptThen(status int) agenttest.Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, r)
		w.WriteHeader(status)
		_, _ = w.Write(answer.Body.Bytes())
	}
}

// vanishAfterPreflight takes the agent away right after its last answer before the request.
func (s *runSite) vanishAfterPreflight() {
	s.host.SetReachable(true)
	s.host.Inject("GET /system/info", 1, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(w, r)
		s.host.SetReachable(false)
	})
}

// applyDirectly has the agent apply packages without us, and returns its job.
func (s *runSite) applyDirectly(packages ...string) string {
	s.Helper()
	conn := s.client.Connect(s.host.Endpoint())
	defer conn.Close()
	res := conn.Apply(s.Context(), fleet.ApplyOrder{Packages: packages})
	require.Equal(s, fleet.SendAccepted, res.Outcome, res.Detail)
	return res.JobID
}

// appliedDirectly is applyDirectly, and waits for the end.
func (s *runSite) appliedDirectly(packages ...string) {
	s.Helper()
	id := s.applyDirectly(packages...)
	conn := s.client.Connect(s.host.Endpoint())
	defer conn.Close()
	require.Eventually(s, func() bool {
		job, err := conn.Job(s.Context(), id)
		return err == nil && job.Status.Finished()
	}, 10*time.Second, 5*time.Millisecond)
}

// takeSlot commits an intent without sending anything, as a worker does that is lost right after.
func (s *runSite) takeSlot(ref activities.HostRef) fleet.Attempt {
	s.Helper()
	a, err := s.store.Admit(s.Context(), fleet.AdmitRequest{
		JobID: ref.JobID, HostID: ref.HostID, AttemptID: newUUID(), Gate: s.policy.Gate, Cutoffs: s.policy.Cutoffs,
		SendWithin: s.policy.SendWithin, Packages: []fleet.PackageResult{{Name: "nginx", From: "1.22.1-9", To: "1.22.1-9+deb12u2", Result: fleet.PackagePending}},
	})
	require.NoError(s, err)
	require.NotNil(s, a.Attempt)
	return *a.Attempt
}

// sent is how many requests to apply reached the agent, whatever it made of them.
func (s *runSite) sent() int {
	n := 0
	for _, r := range s.host.Requests() {
		if r == apply {
			n++
		}
	}
	return n
}
