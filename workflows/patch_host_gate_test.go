package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/activities"
	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/workflows"
)

func TestAHostWithoutChecksIsPatchedInItsWindow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.add("h", open(monday, 120))
	m.checks = nil
	w.runHost(m)
	w.ended(m, fleet.StatusSucceeded, fleet.ReasonPatched)
	require.Equal(t, string(fleet.VerdictOpenNoChecks), m.evaluations[0].Verdict)
	require.Len(t, m.agent.executions, 1)
}

func TestAHealthyHostIsPatchedOnceAndItsOutputKeptOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.add("h", open(monday, 120))
	w.runHost(m)
	w.ended(m, fleet.StatusSucceeded, fleet.ReasonPatched)
	require.Len(t, m.agent.executions, 1)
	require.Equal(t, []string{"Unpacking", "Setting up"}, m.output)
	require.Equal(t, fleet.PackageInstalled, m.attempts[0].Packages[0].Result)
}

func TestAnUnhealthyHostIsTriedAgainEveryFiveMinutesUntilItRecovers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.add("h", open(monday, 120))
	m.outcome = func(now time.Time) fleet.Outcome {
		if now.Before(monday.Add(12 * time.Minute)) {
			return fleet.OutcomeUnhealthy
		}
		return fleet.OutcomeHealthy
	}
	w.runHost(m)
	w.ended(m, fleet.StatusSucceeded, fleet.ReasonPatched)
	require.Equal(t, []time.Time{monday.Add(15 * time.Minute)}, m.agent.executions)
	require.Equal(t, []string{"shut", "shut", "shut", "open"}, verdicts(m))
	require.Equal(t, monday.Add(5*time.Minute), *m.evaluations[0].NextTryAt)
}

func TestARecoveryThatIsSignalledIsActedOnAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.add("h", open(monday, 120))
	healthy := false
	m.outcome = func(time.Time) fleet.Outcome {
		if healthy {
			return fleet.OutcomeHealthy
		}
		return fleet.OutcomeUnhealthy
	}
	w.wakeAt(monday.Add(2*time.Minute), func() { healthy = true })
	w.runHost(m)
	w.ended(m, fleet.StatusSucceeded, fleet.ReasonPatched)
	require.Equal(t, []time.Time{monday.Add(2 * time.Minute)}, m.agent.executions)
}

func TestAWindowThatClosesWhileTheHostIsUnhealthyFailsItWithWhatItWaitedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.add("h", open(monday, 60))
	m.outcome = func(time.Time) fleet.Outcome { return fleet.OutcomeUnhealthy }
	w.runHost(m)
	w.ended(m, fleet.StatusFailed, fleet.ReasonWindowClosed)
	require.Contains(t, m.row.Detail, "waited for: nginx is unhealthy")
	require.Equal(t, monday.Add(45*time.Minute), w.now(), "at the last start, not at the end")
	require.Empty(t, m.agent.executions)
	require.False(t, m.row.Attempted)
}

func TestAnErrorOfTheCheckNeverOpensTheGate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.add("h", open(monday, 60))
	m.outcome = func(time.Time) fleet.Outcome { return fleet.OutcomeError }
	w.runHost(m)
	w.ended(m, fleet.StatusFailed, fleet.ReasonWindowClosed)
	require.Empty(t, m.agent.executions)
}

func TestADatabaseThatIsAwayKeepsTheGateShut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.add("h", open(monday, 60))
	w.away = true
	w.at(monday.Add(10*time.Minute), func() { w.away = false })
	w.runHost(m)
	w.ended(m, fleet.StatusSucceeded, fleet.ReasonPatched)
	require.False(t, m.agent.executions[0].Before(monday.Add(10*time.Minute)))

	w = newWorld(t)
	m = w.add("h", open(monday, 60))
	w.away = true
	w.runHost(m)
	w.ended(m, fleet.StatusFailed, fleet.ReasonWindowClosed)
	require.Empty(t, m.agent.executions)
}

func TestAWindowThatClosesBetweenGateAndDispatchIsNotUsed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.add("h", open(monday, 60))
	m.outcome = func(time.Time) fleet.Outcome { // runs inside the gate, before the admission
		m.windows = nil
		return fleet.OutcomeHealthy
	}
	w.runHost(m)
	w.ended(m, fleet.StatusFailed, fleet.ReasonWindowClosed)
	require.Empty(t, m.agent.executions)
}

func TestAHostWaitsForItsWindowAndIsPatchedAtItsStart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	saturday := monday.AddDate(0, 0, 5)
	m := w.add("h", open(saturday, 120))
	w.runHost(m)
	w.ended(m, fleet.StatusSucceeded, fleet.ReasonPatched)
	require.Equal(t, []time.Time{saturday}, m.agent.executions)
	require.Equal(t, 1, m.probes-1, "no check is run before the window opens: one at the gate, one after the patch")
}

func TestAHostWithoutAWindowWaitsForMaxWaitAndThenFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.add("h")
	w.runHost(m)
	w.ended(m, fleet.StatusFailed, fleet.ReasonNoWindow)
	require.Equal(t, monday.Add(36*24*time.Hour), w.now())
}

func TestAJobIsNotStartedBeforeItsTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	later := monday.Add(time.Hour)
	w.job.NotBefore = &later
	m := w.add("h", open(monday, 240))
	w.runHost(m)
	w.ended(m, fleet.StatusSucceeded, fleet.ReasonPatched)
	require.Equal(t, []time.Time{later}, m.agent.executions)
}

func TestAnImmediateJobNeedsNoWindow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.job.Immediate = true
	m := w.add("h")
	w.runHost(m)
	w.ended(m, fleet.StatusSucceeded, fleet.ReasonPatched)
	require.Equal(t, []time.Time{monday}, m.agent.executions)
}

func TestAnImmediateJobGivesUpAfterItsGateTimeout(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.job.Immediate = true
	m := w.add("h")
	m.outcome = func(time.Time) fleet.Outcome { return fleet.OutcomeUnhealthy }
	w.runHost(m)
	w.ended(m, fleet.StatusFailed, fleet.ReasonGateTimeout)
	require.Equal(t, monday.Add(time.Hour), w.now())
}

func TestABlackoutHoldsAnImmediateJobToItsEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.job.Immediate = true
	m := w.add("h", blackout(monday.Add(-time.Hour), 90))
	w.runHost(m)
	w.ended(m, fleet.StatusSucceeded, fleet.ReasonPatched)
	require.Equal(t, []time.Time{monday.Add(30 * time.Minute)}, m.agent.executions)
}

func TestTheGateTimeoutRunsWhileABlackoutHoldsAnImmediateJob(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.job.Immediate = true
	m := w.add("h", blackout(monday.Add(-time.Hour), 300))
	w.runHost(m)
	w.ended(m, fleet.StatusFailed, fleet.ReasonGateTimeout)
	require.Contains(t, m.row.Detail, "blackout")
}

func TestABlackoutThatIsAddedWhileTheHostWaitsEndsItsSpan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.add("h", open(monday, 240))
	m.outcome = func(time.Time) fleet.Outcome { return fleet.OutcomeUnhealthy }
	now := monday.Add(7 * time.Minute)
	w.wakeAt(now, func() { m.windows = append(m.windows, blackout(now, 30)) })
	w.runHost(m)
	w.ended(m, fleet.StatusFailed, fleet.ReasonWindowClosed)
	require.Equal(t, now, w.now())
}

func TestAWindowThatIsMadeLongerWhileTheHostWaitsMovesItsEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.add("h", open(monday, 60))
	m.outcome = func(now time.Time) fleet.Outcome {
		if now.Before(monday.Add(80 * time.Minute)) {
			return fleet.OutcomeUnhealthy
		}
		return fleet.OutcomeHealthy
	}
	w.wakeAt(monday.Add(30*time.Minute), func() { m.windows[0].DurationMinutes = 120 })
	w.runHost(m)
	w.ended(m, fleet.StatusSucceeded, fleet.ReasonPatched)
	require.Equal(t, []time.Time{monday.Add(80 * time.Minute)}, m.agent.executions)
}

func TestALaterWindowIsNeverUsedOnceOneWasEntered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	daily := open(monday, 60)
	daily.Recurrence = fleet.Daily
	m := w.add("h", daily)
	m.outcome = func(now time.Time) fleet.Outcome {
		if now.Before(monday.Add(3 * time.Hour)) {
			return fleet.OutcomeUnhealthy
		}
		return fleet.OutcomeHealthy
	}
	w.runHost(m)
	w.ended(m, fleet.StatusFailed, fleet.ReasonWindowClosed)
	require.Empty(t, m.agent.executions)
}

func TestAWindowThatIsAddedWhileTheHostWaitsForOneIsUsed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.add("h", open(monday.AddDate(0, 0, 5), 120))
	w.wakeAt(monday.Add(time.Hour), func() { m.windows = append(m.windows, open(monday.Add(time.Hour), 60)) })
	w.runHost(m)
	w.ended(m, fleet.StatusSucceeded, fleet.ReasonPatched)
	require.Equal(t, []time.Time{monday.Add(time.Hour)}, m.agent.executions)
}

func TestAGroupsWindowThatIsTakenFromAHostIsNotUsed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.add("h", open(monday.Add(3*time.Hour), 120))
	w.wakeAt(monday.Add(time.Hour), func() { m.windows = nil }) // the host left the group
	w.runHost(m)
	w.ended(m, fleet.StatusFailed, fleet.ReasonNoWindow)
	require.Empty(t, m.agent.executions)
}

func TestACheckThatIsDisabledWhileItHoldsTheGateOpensIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.add("h", open(monday, 120))
	m.outcome = func(time.Time) fleet.Outcome { return fleet.OutcomeUnhealthy }
	w.wakeAt(monday.Add(3*time.Minute), func() { m.checks[0].Check.Enabled = false })
	w.runHost(m)
	w.ended(m, fleet.StatusSucceeded, fleet.ReasonPatched)
	require.Equal(t, []string{"shut", "open_no_checks"}, verdicts(m))
}

func TestACheckThatIsAddedWhileTheHostWaitsForItsWindowHoldsTheGate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.add("h", open(monday.Add(time.Hour), 60))
	added := m.checks
	m.checks = nil
	m.outcome = func(time.Time) fleet.Outcome { return fleet.OutcomeUnhealthy }
	w.wakeAt(monday.Add(30*time.Minute), func() { m.checks = added })
	w.runHost(m)
	w.ended(m, fleet.StatusFailed, fleet.ReasonWindowClosed)
	require.Empty(t, m.agent.executions)
}

func TestAHostThatIsDeletedWhileItWaitsIsSkipped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.add("h", open(monday.Add(time.Hour), 60))
	w.wakeAt(monday.Add(30*time.Minute), func() { m.host = nil })
	w.runHost(m)
	w.ended(m, fleet.StatusSkipped, fleet.ReasonHostDeleted)
}

func TestAHostCanBeCancelledAtEachWait(t *testing.T) {
	t.Parallel()
	waits := map[string]func(w *world) *member{
		"for its window": func(w *world) *member { return w.add("h", open(monday.Add(5*time.Hour), 60)) },
		"at the gate": func(w *world) *member {
			m := w.add("h", open(monday, 240))
			m.outcome = func(time.Time) fleet.Outcome { return fleet.OutcomeUnhealthy }
			return m
		},
		"for the host": func(w *world) *member {
			m := w.add("h", open(monday, 240))
			m.busy = true
			return m
		},
		"for a slot": func(w *world) *member {
			w.job.MaxParallel = 0
			return w.add("h", open(monday, 240))
		},
		"for its agent": func(w *world) *member {
			m := w.add("h", open(monday, 240))
			m.agent.unreachable = true
			return m
		},
	}
	cancels := map[string]func(w *world, m *member){
		"by the database": func(w *world, m *member) {
			w.wakeAt(monday.Add(7*time.Minute), func() { m.row.CancelRequested, m.row.CancelledBy = true, "ann" })
		},
		"of the job": func(w *world, _ *member) {
			w.wakeAt(monday.Add(7*time.Minute), func() { w.job.CancelRequested, w.job.CancelledBy = true, "ann" })
		},
		"by Temporal": func(w *world, _ *member) {
			w.env.RegisterDelayedCallback(w.env.CancelWorkflow, 7*time.Minute)
		},
	}
	for wait, prepare := range waits {
		for how, cancel := range cancels {
			t.Run(wait+" "+how, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				m := prepare(w)
				cancel(w, m)
				w.runHost(m)
				w.ended(m, fleet.StatusCancelled, fleet.ReasonCancelledByUser)
				require.Equal(t, monday.Add(7*time.Minute), w.now(), "at once")
				require.Empty(t, m.agent.executions)
			})
		}
	}
}

func TestARecheckByAPersonIsAnsweredWithTheDecision(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.add("h", open(monday, 60))
	m.outcome = func(time.Time) fleet.Outcome { return fleet.OutcomeUnhealthy }
	answered := make(chan any, 1)
	w.env.RegisterDelayedCallback(func() {
		w.env.UpdateWorkflow(workflows.UpdateRecheck, "recheck", &updateAnswer{answered})
	}, 2*time.Minute)
	w.runHost(m)
	require.Equal(t, monday.Add(2*time.Minute), m.evaluations[1].At)
	require.NoError(t, (<-answered).(error2).error)
}

func verdicts(m *member) []string {
	var out []string
	for _, e := range m.evaluations {
		out = append(out, e.Verdict)
	}
	return out
}

// error2 wraps an error that may be nil.
type error2 struct{ error }

// updateAnswer receives the answer to an update.
type updateAnswer struct{ got chan any }

func (u *updateAnswer) Accept()                   {}
func (u *updateAnswer) Reject(err error)          { u.got <- error2{err} }
func (u *updateAnswer) Complete(_ any, err error) { u.got <- error2{err} }

func TestAHostThatWaitsForClocksIsTriedAgainAfterAWhileWhateverTheWorkersClockSaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.add("h", open(monday, 120))
	w.env.ExecuteWorkflow(workflows.PatchHost, workflows.PatchHostInput{
		JobID: "job", HostID: "h", FQDN: "h.test", Zone: fleet.DefaultZone,
		State: &workflows.HostState{Step: activities.Step{
			Next: activities.StepWait, Status: fleet.StatusWaitingWindow, Reason: fleet.WaitClockSkew,
			WakeAt: monday.Add(65 * time.Minute), WakeIn: 5 * time.Minute,
		}},
	})
	require.NoError(t, w.env.GetWorkflowError())
	w.ended(m, fleet.StatusSucceeded, fleet.ReasonPatched)
	require.Equal(t, []time.Time{monday.Add(5 * time.Minute)}, m.agent.executions)
}
