package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
)

func TestAnAgentThatForgetsItsJobAfterTheApplyIsNotAskedTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.add("h", open(monday, 120))
	m.agent.forgets = true
	w.runHost(m)
	w.ended(m, fleet.StatusSucceeded, fleet.ReasonPatched)
	require.Len(t, m.agent.executions, 1)
}

func TestALostAnswerIsSettledByTheAgentsOwnJobs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.add("h", open(monday, 120))
	m.agent.loses = true
	w.runHost(m)
	w.ended(m, fleet.StatusSucceeded, fleet.ReasonPatched)
	require.Len(t, m.agent.executions, 1)
	require.Equal(t, fleet.AttemptAccepted, m.attempts[0].State, "the agent's job was adopted")
}

func TestALostAnswerAndAForgottenJobAreSettledByWhatIsPending(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.add("h", open(monday, 120))
	m.agent.loses, m.agent.forgets = true, true
	w.runHost(m)
	w.ended(m, fleet.StatusSucceeded, fleet.ReasonPatched)
	require.Len(t, m.agent.executions, 1)
}

func TestARequestThatMayNeverHaveArrivedIsIndeterminateAndNeverSentAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.add("h", open(monday, 120))
	sent := 0
	m.agent.applies = func() fleet.SendOutcome { sent++; return fleet.SendUnknown }
	w.runHost(m)
	w.ended(m, fleet.StatusIndeterminate, fleet.ReasonOutcomeUnknown)
	require.Equal(t, 1, sent)
	require.NotNil(t, m.unfinished(), "the host stays blocked until an operator settles it")
	require.NotNil(t, m.attempts[0].SlotReleasedAt)
}

func TestAnUnknownStatusOfAJobCountsAsRunning(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.add("h", open(monday, 120))
	m.agent.rawStatus = "percolating"
	m.agent.takes = 4
	w.runHost(m)
	w.ended(m, fleet.StatusSucceeded, fleet.ReasonPatched)
}

func TestARefusedRequestGoesBackToTheGateWithANewIntent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.add("h", open(monday, 120))
	tries := 0
	m.agent.applies = func() fleet.SendOutcome {
		if tries++; tries < 3 {
			return fleet.SendRefused
		}
		return fleet.SendAccepted
	}
	w.runHost(m)
	w.ended(m, fleet.StatusSucceeded, fleet.ReasonPatched)
	require.Equal(t, []time.Time{monday.Add(10 * time.Minute)}, m.agent.executions)
	require.Equal(t, 3, m.attempts[2].Number)
}

func TestARequestIsRefusedAtMostFiveTimes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.add("h", open(monday, 240))
	m.agent.applies = func() fleet.SendOutcome { return fleet.SendRefused }
	w.runHost(m)
	w.ended(m, fleet.StatusFailed, fleet.ReasonTooManyRefusals)
	require.Len(t, m.attempts, fleet.MaxAttempts)
	require.True(t, m.row.Attempted)
}

func TestRefusalsEndWithTheSpan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.add("h", open(monday, 23))
	m.agent.applies = func() fleet.SendOutcome { return fleet.SendRefused }
	w.runHost(m)
	w.ended(m, fleet.StatusFailed, fleet.ReasonWindowClosed)
	require.Len(t, m.attempts, 2, "at 0 and 5 minutes; the last start is at 8")
}

func TestARejectedRequestFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.add("h", open(monday, 120))
	m.agent.applies = func() fleet.SendOutcome { return fleet.SendRejected }
	w.runHost(m)
	w.ended(m, fleet.StatusFailed, fleet.ReasonAgentError)
}

func TestAnUnreachableAgentIsWaitedForAndNothingCountsAsAttempted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.add("h", open(monday, 60))
	m.agent.unreachable = true
	w.runHost(m)
	w.ended(m, fleet.StatusFailed, fleet.ReasonWindowClosed)
	require.Contains(t, m.row.Detail, "the host's agent")
	require.False(t, m.row.Attempted)
	require.Empty(t, m.attempts)
}

func TestAFailedJobOfTheAgentFailsTheHostWithItsCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.add("h", open(monday, 120))
	m.agent.outcome = fleet.AgentJobFailed
	w.runHost(m)
	w.ended(m, fleet.StatusFailed, fleet.ReasonAgentError)
	require.Contains(t, m.row.Detail, "DEPENDENCY_CONFLICT unmet dependencies")
	require.Equal(t, fleet.PackageFailed, m.attempts[0].Packages[0].Result)
}

func TestABusyHostIsWaitedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.add("h", open(monday, 120))
	m.busy = true
	w.wakeAt(monday.Add(8*time.Minute), func() { m.busy = false })
	w.runHost(m)
	w.ended(m, fleet.StatusSucceeded, fleet.ReasonPatched)
	require.Equal(t, []time.Time{monday.Add(8 * time.Minute)}, m.agent.executions)
}

func TestAHostWithNothingPendingSucceedsUntouched(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.add("h", open(monday, 120))
	m.agent.pending = nil
	w.runHost(m)
	w.ended(m, fleet.StatusSucceeded, fleet.ReasonNothingToDo)
	require.False(t, m.row.Attempted)
}

func TestNothingPendingIsNotBelievedOfAStalePackageCache(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.add("h", open(monday, 120))
	m.agent.pending, m.agent.cacheUpdated = nil, monday.Add(-24*time.Hour-time.Second)
	w.runHost(m)
	w.ended(m, fleet.StatusFailed, fleet.ReasonStalePackageCache)
}

func TestAHostThatAsksForARebootIsRebootedOnceAndForgottenJobsDoNotMatter(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.job.AllowReboot = true
	m := w.add("h", open(monday, 120))
	m.agent.wantReboot = true
	w.runHost(m)
	w.ended(m, fleet.StatusSucceeded, fleet.ReasonPatched)
	require.Equal(t, 1, m.agent.reboots)
	require.Len(t, m.agent.executions, 1)
}

func TestARebootThatIsNotAllowedIsDeferred(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.add("h", open(monday, 120))
	m.agent.wantReboot = true
	w.runHost(m)
	w.ended(m, fleet.StatusSucceeded, fleet.ReasonRebootDeferred)
	require.Zero(t, m.agent.reboots)
}

func TestARebootWithoutRoomInTheSpanIsDeferred(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.job.AllowReboot = true
	m := w.add("h", open(monday, 60))
	m.agent.wantReboot = true
	m.agent.applies = func() fleet.SendOutcome {
		m.windows[0].DurationMinutes = 14 // an edit while the patch is applied
		return fleet.SendAccepted
	}
	w.runHost(m)
	w.ended(m, fleet.StatusSucceeded, fleet.ReasonRebootDeferred)
	require.Zero(t, m.agent.reboots)
}

func TestARebootIsDoneAlsoWhereNoPackageWasPending(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.job.AllowReboot = true
	m := w.add("h", open(monday, 120))
	m.agent.pending, m.agent.pendingReboot = nil, true
	w.runHost(m)
	w.ended(m, fleet.StatusSucceeded, fleet.ReasonPatched)
	require.Equal(t, 1, m.agent.reboots)
	require.Empty(t, m.agent.executions)
}

func TestAHostThatIsUnhealthyAfterThePatchHasFailed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.add("h", open(monday, 120))
	m.outcome = func(time.Time) fleet.Outcome {
		if len(m.agent.executions) > 0 {
			return fleet.OutcomeUnhealthy
		}
		return fleet.OutcomeHealthy
	}
	w.runHost(m)
	w.ended(m, fleet.StatusFailed, fleet.ReasonUnhealthyAfterPatch)
	require.True(t, m.row.Attempted)
}

func TestHeldPackagesAreRecordedAndNotSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.add("h", open(monday, 120))
	m.agent.pending = append(m.agent.pending, fleet.Patch{Name: "linux", CurrentVersion: "5", Available: "6", Held: true})
	w.runHost(m)
	w.ended(m, fleet.StatusSucceeded, fleet.ReasonPatched)
	require.Equal(t, []string{"installed", "held"}, []string{m.attempts[0].Packages[0].Result, m.attempts[0].Packages[1].Result})
	require.Equal(t, []string{"openssl"}, m.agent.jobs[0].Packages)
}

func TestAPatchThatWasDispatchedIsFollowedToItsEndAfterACancellation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.add("h", open(monday, 120))
	m.agent.applies = func() fleet.SendOutcome {
		w.job.CancelRequested = true
		w.env.RegisterDelayedCallback(w.env.CancelWorkflow, 0)
		return fleet.SendAccepted
	}
	w.runHost(m)
	w.ended(m, fleet.StatusSucceeded, fleet.ReasonPatched)
}

func TestAnApplyThatARestoredDatabaseDoesNotKnowOfIsTakenOverNotSentAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.add("h", open(monday, 120))
	created := monday.Add(time.Minute)
	m.agent.jobs = []fleet.AgentJob{{ID: "lost", Operation: fleet.AgentApply, Status: fleet.AgentJobCompleted, CreatedAt: &created, Packages: []string{"openssl"}}}
	m.agent.pending = nil
	w.runHost(m)
	w.ended(m, fleet.StatusSucceeded, fleet.ReasonPatched)
	require.Empty(t, m.agent.executions)
	require.Equal(t, "lost", m.attempts[0].AgentJobID)
}
