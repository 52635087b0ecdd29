package activities_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/activities"
	"github.com/patch-manager/patch-manager/agent"
	"github.com/patch-manager/patch-manager/agent/agenttest"
	"github.com/patch-manager/patch-manager/fleet"
)

// started takes a new job to where the agent runs it.
func (s *runSite) started(j jobSpec) activities.HostRef {
	s.Helper()
	ref := s.job(j)
	s.plan(ref)
	require.Equal(s, activities.StepFollow, s.dispatch(ref).Next)
	return ref
}

func TestAJobThatARestartedAgentForgotIsSettledByWhatIsPending(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	s.policy.SettleTimeout = time.Minute
	s.host.PlanJobs(agenttest.JobPlan{Duration: 300 * time.Millisecond})
	ref := s.started(jobSpec{})
	s.host.RestartAgent() // what apt does goes on
	s.requireEnded(s.carryOut(ref), ref, fleet.StatusSucceeded, fleet.ReasonPatched)
	require.Equal(t, 1, s.applies())
}

func TestAJobThatARebootCutOffIsIndeterminate(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	s.host.PlanJobs(agenttest.JobPlan{Duration: time.Hour})
	ref := s.started(jobSpec{})
	s.host.Reboot()
	s.requireEnded(s.carryOut(ref), ref, fleet.StatusIndeterminate, fleet.ReasonOutcomeUnknown)
	require.Contains(t, s.run(ref).Row.Detail, "nginx")
	require.Equal(t, 1, s.applies())
}

func TestANewVersionPublishedMeanwhileDoesNotPassForInstalled(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	s.host.Inject(apply, agenttest.Always, agenttest.Reset())
	ref := s.started(jobSpec{packages: []string{"nginx"}})
	s.host.Inject("GET /patches", agenttest.Always, agenttest.Replace("u2\"", "u3\""))
	s.requireEnded(s.carryOut(ref), ref, fleet.StatusIndeterminate, fleet.ReasonOutcomeUnknown)
}

func TestAJobOfUnknownStatusIsFollowedToTheTimeout(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	s.policy.FollowTimeout = 500 * time.Millisecond
	s.host.PlanJobs(agenttest.JobPlan{Never: true, RunningAs: "pondering"})
	ref := s.started(jobSpec{})
	s.requireEnded(s.carryOut(ref), ref, fleet.StatusIndeterminate, fleet.ReasonFollowTimeout)
	require.Contains(t, s.run(ref).Row.Detail, "pondering")
	require.NotNil(t, s.run(ref).Attempt.SlotReleasedAt)
}

func TestAnUnknownStatusThatEndsIsNoFailure(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	s.host.PlanJobs(agenttest.JobPlan{Duration: 100 * time.Millisecond, RunningAs: "pondering"})
	ref := s.started(jobSpec{})
	s.requireEnded(s.carryOut(ref), ref, fleet.StatusSucceeded, fleet.ReasonPatched)
}

func TestAnAgentOutOfReachIsWaitedForToTheTimeout(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	s.policy.FollowTimeout = 500 * time.Millisecond
	ref := s.started(jobSpec{})
	s.host.SetReachable(false)
	s.requireEnded(s.carryOut(ref), ref, fleet.StatusIndeterminate, fleet.ReasonFollowTimeout)
}

func TestAFailedJobIsAnAgentErrorWithItsCode(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	s.host.PlanJobs(agenttest.JobPlan{EndsAs: agent.JobFailed, ErrorCode: "PKG_MANAGER_ERROR"})
	ref := s.started(jobSpec{})
	s.requireEnded(s.carryOut(ref), ref, fleet.StatusFailed, fleet.ReasonAgentError)
	r := s.run(ref)
	require.Contains(t, r.Row.Detail, "PKG_MANAGER_ERROR")
	require.Equal(t, fleet.PackageFailed, r.Attempt.Packages[0].Result)
	require.Equal(t, 1, r.Job.Failures)
	require.NotNil(t, r.Attempt.FinishedAt)
	require.Equal(t, 3, stored[int](s, `select coalesce(pending_patches, 0) from hosts`), "the inventory is taken after a failure, too")
}

func TestATimedOutJobIsAnAgentErrorHoweverItIsSpelled(t *testing.T) {
	t.Parallel()
	for _, q := range agenttest.Versions {
		t.Run(q.Version, func(t *testing.T) {
			t.Parallel()
			s := newRunSite(t, func(h *agenttest.HostSpec) { h.Quirks = q })
			s.host.PlanJobs(agenttest.JobPlan{EndsAs: agent.JobTimedOut})
			ref := s.started(jobSpec{})
			s.requireEnded(s.carryOut(ref), ref, fleet.StatusFailed, fleet.ReasonAgentError)
			require.Contains(t, s.run(ref).Row.Detail, "timed_out")
		})
	}
}

func TestARunIsFollowedToItsEndThoughItWasCancelled(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	ref := s.started(jobSpec{})
	require.NoError(t, s.store.CancelJob(t.Context(), ref.JobID, fleet.Actor{Name: "ann"}))
	s.requireEnded(s.carryOut(ref), ref, fleet.StatusSucceeded, fleet.ReasonPatched)
}

func TestAFinishedRunAnswersEveryStepWithItsEndAndHandsTheSlotOn(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	ref := s.started(jobSpec{})
	s.requireEnded(s.carryOut(ref), ref, fleet.StatusSucceeded, fleet.ReasonPatched)
	other := s.otherHost(ref)
	require.NoError(t, s.store.SaveWaiting(t.Context(), other.JobID, other.HostID, fleet.Waiting{
		Status: fleet.StatusWaitingSlot, Wait: fleet.Wait{Reason: fleet.WaitSlot},
	}))
	for _, do := range []step{
		(*activities.Runs).PlanHost, (*activities.Runs).DispatchPatch, (*activities.Runs).FollowPatch,
		(*activities.Runs).RebootHost, (*activities.Runs).VerifyHost,
	} {
		require.Equal(t, fleet.ReasonPatched, s.must(do, ref).Reason)
	}
	require.Equal(t, []string{other.HostID}, s.signals.wokenHosts(), "once, by the first of them")
}

func TestEachLineOfOutputIsKeptOnceThoughItIsToldOftenAndByEveryVersion(t *testing.T) {
	t.Parallel()
	for _, q := range agenttest.Versions {
		t.Run(q.Version, func(t *testing.T) {
			t.Parallel()
			s := newRunSite(t, func(h *agenttest.HostSpec) { h.Quirks = q })
			s.host.PlanJobs(agenttest.JobPlan{Duration: 300 * time.Millisecond})
			ref := s.started(jobSpec{})
			s.host.Inject("GET /system/info", 2, agenttest.Reset()) // so that the ended job is looked at again
			s.follow(ref)
			require.Equal(t, 15, stored[int](s, `select count(*) from job_host_output`), "6 and 3 for each of 3 packages")
			require.Equal(t, "Reading package lists...", stored[string](s, `select line from job_host_output where seq = 0`))
			require.Contains(t, stored[string](s, `select line from job_host_output where seq = 14`), "Setting up")
		})
	}
}

func TestNothingToDoIsASuccessWithoutARequest(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		patches []agenttest.PatchSpec
		wanted  []string
	}{
		"nothing pending":        {},
		"nothing wanted pending": {[]agenttest.PatchSpec{{Name: "curl", From: "1", To: "2", RequiresReboot: true}}, []string{"nginx"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newRunSite(t, func(h *agenttest.HostSpec) { h.Patches = c.patches })
			ref := s.job(jobSpec{packages: c.wanted, allowReboot: true})
			s.requireEnded(s.carryOut(ref), ref, fleet.StatusSucceeded, fleet.ReasonNothingToDo)
			require.False(t, s.run(ref).Row.Attempted)
			require.Empty(t, s.fleet.Executions())
			require.Equal(t, 1, stored[int](s, `select count(*) from gate_evaluations`))
		})
	}
}

func TestAStalePackageCacheIsNotBelieved(t *testing.T) {
	t.Parallel()
	for age, want := range map[time.Duration]fleet.Reason{
		24*time.Hour - time.Minute: fleet.ReasonNothingToDo, 24*time.Hour + time.Minute: fleet.ReasonStalePackageCache,
	} {
		t.Run(age.String(), func(t *testing.T) {
			t.Parallel()
			s := newRunSite(t, func(h *agenttest.HostSpec) { h.Patches = nil })
			s.host.SetCache(agent.CacheStale, age)
			ref := s.job(jobSpec{})
			require.Equal(t, want, s.carryOut(ref).Reason)
			require.Equal(t, want, s.run(ref).Row.Reason)
			require.False(t, s.run(ref).Row.Attempted)
		})
	}
}

func TestOnlyTheGivenPackagesThatAreAvailableAreSent(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	ref := s.job(jobSpec{packages: []string{"nginx", "absent"}})
	s.requireEnded(s.carryOut(ref), ref, fleet.StatusSucceeded, fleet.ReasonPatched)
	require.Equal(t, []string{"nginx"}, s.fleet.Executions()[0].Packages)
	require.Equal(t, []string{"openssl", "curl"}, s.host.Pending())
}

func TestHeldPackagesAreRecordedAndNotSent(t *testing.T) {
	t.Parallel()
	s := newRunSite(t, func(h *agenttest.HostSpec) {
		h.Quirks = agenttest.Versions[len(agenttest.Versions)-1] // which tells
		h.Patches[0].Held = true
	})
	ref := s.job(jobSpec{})
	s.requireEnded(s.carryOut(ref), ref, fleet.StatusSucceeded, fleet.ReasonPatched)
	require.Equal(t, []string{"openssl", "curl"}, s.fleet.Executions()[0].Packages)
	results := map[string]string{}
	for _, p := range s.run(ref).Attempt.Packages {
		results[p.Name] = p.Result
	}
	require.Equal(t, "map[curl:installed nginx:held openssl:installed]", fmt.Sprint(results))
	require.Contains(t, s.run(ref).Row.Detail, "2 packages")

	all := s.job(jobSpec{packages: []string{"nginx"}})
	s.requireEnded(s.carryOut(all), all, fleet.StatusSucceeded, fleet.ReasonNothingToDo)
	require.Contains(t, s.run(all).Row.Detail, "1 held back")
}

func TestAPackageThatStaysPendingIsAFailure(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	s.host.PlanJobs(agenttest.JobPlan{NotInstalled: []string{"curl"}})
	ref := s.job(jobSpec{})
	s.requireEnded(s.carryOut(ref), ref, fleet.StatusFailed, fleet.ReasonNotInstalled)
	require.Contains(t, s.run(ref).Row.Detail, "curl")
	require.NotContains(t, s.run(ref).Row.Detail, "nginx")
}

func TestAHostThatThePatchBrokeIsAFailure(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	s.serviceCheck("nginx.service")
	s.host.PlanJobs(agenttest.JobPlan{Breaks: "nginx.service"})
	ref := s.job(jobSpec{})
	s.requireEnded(s.carryOut(ref), ref, fleet.StatusFailed, fleet.ReasonUnhealthyAfterPatch)
	require.Contains(t, s.run(ref).Row.Detail, "nginx.service")
	require.Equal(t, 1, s.run(ref).Job.Failures)
}

func TestAHostThatRecoversWhileItIsVerifiedIsASuccess(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	s.policy.VerifyTimeout = time.Minute
	s.serviceCheck("nginx.service")
	s.host.PlanJobs(agenttest.JobPlan{Breaks: "nginx.service"})
	ref := s.started(jobSpec{})
	s.host.Inject("GET /system/services", 1, s.before(func() {}))
	var said string
	s.host.Inject("GET /system/services", 1, s.before(func() {
		said = s.run(ref).Row.Detail
		s.host.SetServiceHealthy("nginx.service", true)
	}))
	s.requireEnded(s.carryOut(ref), ref, fleet.StatusSucceeded, fleet.ReasonPatched)
	require.Regexp(t, `^patched, and watched until \d\d:\d\d:\d\d UTC: nginx.service is not healthy`, said)
}

func TestAVerificationThatWasBrokenOffKeepsItsTimeout(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	s.policy.VerifyTimeout = time.Hour
	s.serviceCheck("nginx.service")
	s.host.PlanJobs(agenttest.JobPlan{Breaks: "nginx.service"})
	for _, do := range []step{(*activities.Runs).FollowPatch, (*activities.Runs).RebootHost, (*activities.Runs).VerifyHost} {
		ref := s.started(jobSpec{})
		require.Eventually(t, func() bool { return len(s.host.Pending()) == 0 }, time.Minute, 10*time.Millisecond)
		s.exec(`update job_hosts set phase = 'verifying' where status = 'running'`)
		next, err := s.try(do, ref, map[string]any{"VerifyingSince": time.Now().Add(-time.Hour)})
		require.NoError(t, err)
		s.requireEnded(next, ref, fleet.StatusFailed, fleet.ReasonUnhealthyAfterPatch)
		s.host.SetServiceHealthy("nginx.service", true)
		s.host.ResetPatches()
	}
}
