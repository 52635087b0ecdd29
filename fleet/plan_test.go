package fleet_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/patch-manager/patch-manager/fleet"
)

// planned is a scheduled job of yesterday's on a host at noon.
func planned(change ...func(*fleet.Run)) fleet.Run {
	r := fleet.Run{
		Job: fleet.RunJob{
			ID: "job", CreatedAt: noon.Add(-24 * time.Hour), MaxParallel: 10, MaxFailures: 3, GateTimeout: time.Hour, MaxWait: 48 * time.Hour,
		},
		Row: fleet.RunRow{HostID: "h", Status: fleet.StatusQueued}, Host: &fleet.Host{ID: "h"}, Now: noon,
	}
	for _, c := range change {
		c(&r)
	}
	return r
}

func immediate(r *fleet.Run) { r.Job.Immediate = true }

// lasting adds a window from start to end, counted from noon.
func lasting(kind fleet.WindowKind, start, end time.Duration) func(*fleet.Run) {
	return func(r *fleet.Run) {
		at := noon.Add(start)
		r.Windows = append(r.Windows, fleet.Window{
			Kind: kind, TimeZone: "UTC", StartsOn: fleet.DateOf(at), StartTime: fleet.TimeOfDay{Hour: at.Hour(), Minute: at.Minute()},
			DurationMinutes: int((end - start) / time.Minute), Recurrence: fleet.Once, Enabled: true,
		})
	}
}

func entered(ago time.Duration) func(*fleet.Run) {
	return func(r *fleet.Run) { at := noon.Add(-ago); r.Row.SpanEnteredAt = &at }
}

func at(d time.Duration) func(*fleet.Run) { return func(r *fleet.Run) { r.Now = noon.Add(d) } }

func requireEnd(t *testing.T, p fleet.Plan, s fleet.Status, reason fleet.Reason) {
	t.Helper()
	require.Equal(t, fleet.PlanEnd, p.Kind, "%+v", p)
	require.Equal(t, s, p.Status)
	require.Equal(t, reason, p.Reason)
	require.NotEmpty(t, p.Detail)
}

func TestWhatEndsAHostComesBeforeItsCalendar(t *testing.T) {
	t.Parallel()
	open := lasting(fleet.Maintenance, -time.Hour, time.Hour)
	for name, c := range map[string]struct {
		change func(*fleet.Run)
		status fleet.Status
		reason fleet.Reason
	}{
		"host cancelled": {func(r *fleet.Run) { r.Row.CancelRequested = true }, fleet.StatusCancelled, fleet.ReasonCancelledByUser},
		"job cancelled":  {func(r *fleet.Run) { r.Job.CancelRequested = true }, fleet.StatusCancelled, fleet.ReasonCancelledByUser},
		"host deleted":   {func(r *fleet.Run) { r.Host = nil }, fleet.StatusSkipped, fleet.ReasonHostDeleted},
		"failures":       {func(r *fleet.Run) { r.Job.Failures = 3 }, fleet.StatusSkipped, fleet.ReasonMaxFailuresReached},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requireEnd(t, fleet.PlanRun(planned(open, c.change), cutoff), c.status, c.reason)
			requireEnd(t, fleet.PlanRun(planned(immediate, c.change), cutoff), c.status, c.reason)
		})
	}
	require.Equal(t, fleet.PlanGo, fleet.PlanRun(planned(open, func(r *fleet.Run) { r.Job.Failures = 2 }), cutoff).Kind)
}

func TestAHostIsDispatchedFromTheStartOfItsSpanToItsLastStart(t *testing.T) {
	t.Parallel()
	window := lasting(fleet.Maintenance, 0, 2*time.Hour)
	for now, want := range map[time.Duration]fleet.PlanKind{
		-1: fleet.PlanWait, 0: fleet.PlanGo, 105*time.Minute - 1: fleet.PlanGo, 105 * time.Minute: fleet.PlanWait,
	} {
		p := fleet.PlanRun(planned(window, at(now)), cutoff)
		require.Equal(t, want, p.Kind, now)
		if want == fleet.PlanGo {
			require.Equal(t, noon.Add(105*time.Minute), p.Deadline)
			require.Equal(t, fleet.Span{Start: noon, LastStart: noon.Add(105 * time.Minute), End: noon.Add(2 * time.Hour)}, *p.Span)
		}
	}
}

func TestAHostThatEnteredASpanNeverUsesALaterOne(t *testing.T) {
	t.Parallel()
	first, second := lasting(fleet.Maintenance, -2*time.Hour, time.Hour), lasting(fleet.Maintenance, 2*time.Hour, 4*time.Hour)
	require.Equal(t, fleet.PlanGo, fleet.PlanRun(planned(first, second, entered(time.Hour), at(45*time.Minute-1)), cutoff).Kind)
	for _, now := range []time.Duration{45 * time.Minute, time.Hour, 3 * time.Hour} {
		requireEnd(t, fleet.PlanRun(planned(first, second, entered(time.Hour), at(now)), cutoff), fleet.StatusFailed, fleet.ReasonWindowClosed)
	}
	requireEnd(t, fleet.PlanRun(planned(second, entered(time.Hour), at(3*time.Hour)), cutoff), fleet.StatusFailed, fleet.ReasonWindowClosed)
}

// A database may have been set ahead when a host entered its span.
func TestASpanThatWasEnteredBeforeItsStartIsWaitedFor(t *testing.T) {
	t.Parallel()
	window := lasting(fleet.Maintenance, time.Hour, 3*time.Hour)
	p := fleet.PlanRun(planned(window, entered(-90*time.Minute), at(time.Hour-1)), cutoff)
	require.Equal(t, fleet.PlanWait, p.Kind)
	require.Equal(t, fleet.WaitWindow, p.Wait.Reason)
	require.Equal(t, noon.Add(time.Hour), *p.Wait.NextTryAt)
	require.Equal(t, noon.Add(time.Hour), p.Span.Start)
	require.Equal(t, fleet.PlanGo, fleet.PlanRun(planned(window, entered(-90*time.Minute), at(time.Hour)), cutoff).Kind)
}

func TestAnEditMovesTheEndOfASpanThatWasEntered(t *testing.T) {
	t.Parallel()
	longer := fleet.PlanRun(planned(lasting(fleet.Maintenance, -2*time.Hour, 3*time.Hour), entered(time.Hour), at(2*time.Hour)), cutoff)
	require.Equal(t, fleet.PlanGo, longer.Kind)
	require.Equal(t, noon.Add(3*time.Hour-cutoff), longer.Deadline)
	blackout := fleet.PlanRun(planned(lasting(fleet.Maintenance, -2*time.Hour, 3*time.Hour), lasting(fleet.Blackout, 20*time.Minute, time.Hour),
		entered(time.Hour)), cutoff)
	require.Equal(t, fleet.PlanGo, blackout.Kind)
	require.Equal(t, noon.Add(5*time.Minute), blackout.Deadline, "the cutoff applies before a blackout too")
}

func TestTheEndOfASpanNamesWhatTheHostWaitedFor(t *testing.T) {
	t.Parallel()
	waited := func(r *fleet.Run) { r.Row.Wait = &fleet.Wait{Detail: "nginx: answered 503"} }
	for _, p := range []fleet.Plan{
		fleet.PlanRun(planned(lasting(fleet.Maintenance, -2*time.Hour, 0), entered(time.Hour), waited), cutoff),
		fleet.PlanRun(planned(entered(time.Hour), waited), cutoff),
		fleet.PlanRun(planned(immediate, waited, func(r *fleet.Run) { began := noon.Add(-time.Hour); r.Row.GateStartedAt = &began }), cutoff),
	} {
		require.Equal(t, fleet.PlanEnd, p.Kind)
		require.Contains(t, p.Detail, "nginx: answered 503")
	}
}

func TestAHostWithoutAWindowWaitsToExactlyMaxWait(t *testing.T) {
	t.Parallel()
	p := fleet.PlanRun(planned(at(24*time.Hour-1)), cutoff)
	require.Equal(t, fleet.PlanWait, p.Kind)
	require.Equal(t, fleet.WaitWindow, p.Wait.Reason)
	require.Equal(t, noon.Add(24*time.Hour), *p.Wait.NextTryAt)
	requireEnd(t, fleet.PlanRun(planned(at(24*time.Hour)), cutoff), fleet.StatusFailed, fleet.ReasonNoWindow)
}

func TestAWindowAfterMaxWaitIsNotUsed(t *testing.T) {
	t.Parallel()
	late := lasting(fleet.Maintenance, 25*time.Hour, 28*time.Hour)
	require.Equal(t, noon.Add(24*time.Hour), *fleet.PlanRun(planned(late), cutoff).Wait.NextTryAt)
	requireEnd(t, fleet.PlanRun(planned(late, at(26*time.Hour)), cutoff), fleet.StatusFailed, fleet.ReasonNoWindow)
	inTime := lasting(fleet.Maintenance, 23*time.Hour, 28*time.Hour)
	require.Equal(t, fleet.PlanGo, fleet.PlanRun(planned(inTime, at(26*time.Hour)), cutoff).Kind)
}

func TestAWindowBeyondTheHorizonIsLookedForInTime(t *testing.T) {
	t.Parallel()
	patient := func(r *fleet.Run) { r.Job.MaxWait = 200 * 24 * time.Hour }
	far := lasting(fleet.Maintenance, 80*24*time.Hour, 80*24*time.Hour+2*time.Hour)
	p := fleet.PlanRun(planned(patient, far), cutoff)
	require.Equal(t, fleet.PlanWait, p.Kind)
	require.False(t, p.Wait.NextTryAt.After(noon.Add(80*24*time.Hour)))
	p = fleet.PlanRun(planned(patient, far, func(r *fleet.Run) { r.Now = *p.Wait.NextTryAt }), cutoff)
	require.Equal(t, noon.Add(80*24*time.Hour), *p.Wait.NextTryAt)
}

func TestAJobDoesNotStartBeforeItsTime(t *testing.T) {
	t.Parallel()
	start := noon.Add(time.Hour)
	later := func(r *fleet.Run) { r.Job.NotBefore = &start }
	for _, kind := range []func(*fleet.Run){immediate, lasting(fleet.Maintenance, -time.Hour, 5*time.Hour)} {
		p := fleet.PlanRun(planned(kind, later, at(time.Hour-1)), cutoff)
		require.Equal(t, fleet.WaitNotBefore, p.Wait.Reason)
		require.Equal(t, start, *p.Wait.NextTryAt)
		require.Equal(t, fleet.PlanGo, fleet.PlanRun(planned(kind, later, at(time.Hour)), cutoff).Kind)
	}
}

func TestAnImmediateJobNeedsNoWindow(t *testing.T) {
	t.Parallel()
	p := fleet.PlanRun(planned(immediate), cutoff)
	require.Equal(t, fleet.PlanGo, p.Kind)
	require.Equal(t, noon.Add(time.Hour), p.Deadline, "the gate timeout")
}

func TestABlackoutHoldsAnImmediateJobFromTheCutoffOn(t *testing.T) {
	t.Parallel()
	blackout := lasting(fleet.Blackout, 30*time.Minute, 50*time.Minute)
	for now, want := range map[time.Duration]fleet.PlanKind{
		15*time.Minute - 1: fleet.PlanGo, 15 * time.Minute: fleet.PlanWait, 50*time.Minute - 1: fleet.PlanWait, 50 * time.Minute: fleet.PlanGo,
	} {
		p := fleet.PlanRun(planned(immediate, blackout, at(now)), cutoff)
		require.Equal(t, want, p.Kind, now)
		if want == fleet.PlanWait {
			require.Equal(t, fleet.WaitBlackout, p.Wait.Reason)
			require.Equal(t, noon.Add(50*time.Minute), *p.Wait.NextTryAt)
		}
	}
}

func TestTheGateTimeoutOfAnImmediateJobLeavesSlotWaitsOut(t *testing.T) {
	t.Parallel()
	began := noon.Add(-50 * time.Minute)
	timed := func(r *fleet.Run) { r.Row.GateStartedAt = &began }
	require.Equal(t, fleet.PlanGo, fleet.PlanRun(planned(immediate, timed, at(10*time.Minute-1)), cutoff).Kind)
	requireEnd(t, fleet.PlanRun(planned(immediate, timed, at(10*time.Minute)), cutoff), fleet.StatusFailed, fleet.ReasonGateTimeout)

	waited := func(r *fleet.Run) { r.Row.SlotWait = 5 * time.Minute }
	requireEnd(t, fleet.PlanRun(planned(immediate, timed, waited, at(15*time.Minute)), cutoff), fleet.StatusFailed, fleet.ReasonGateTimeout)
	require.Equal(t, fleet.PlanGo, fleet.PlanRun(planned(immediate, timed, waited, at(15*time.Minute-1)), cutoff).Kind)
	since := noon.Add(-20 * time.Minute)
	waits := func(r *fleet.Run) { r.Row.SlotWaitStarted = &since }
	require.Equal(t, fleet.PlanGo, fleet.PlanRun(planned(immediate, timed, waits, at(10*time.Hour)), cutoff).Kind, "it still waits")
}

func TestAPlanToGoLiesInsideAnEffectiveSpanAndBeforeItsLastStart(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := planned()
		minutes := func(low, high int, what string) time.Duration {
			return time.Duration(rapid.IntRange(low, high).Draw(t, what)) * time.Minute
		}
		for range rapid.IntRange(0, 3).Draw(t, "windows") {
			start := minutes(-600, 600, "start")
			kind := rapid.SampledFrom([]fleet.WindowKind{fleet.Maintenance, fleet.Maintenance, fleet.Blackout}).Draw(t, "kind")
			lasting(kind, start, start+minutes(20, 400, "duration"))(&r)
		}
		r.Now = noon.Add(minutes(-100, 700, "now"))
		if rapid.Bool().Draw(t, "entered") {
			before := r.Now.Add(-minutes(-100, 600, "ago"))
			r.Row.SpanEnteredAt = &before
		}
		r.Job.Immediate = rapid.Bool().Draw(t, "immediate")
		p := fleet.PlanRun(r, cutoff)
		switch p.Kind {
		case fleet.PlanGo:
			require.True(t, p.Deadline.After(r.Now))
			for _, w := range r.Windows {
				for _, b := range w.OccurrencesBetween(r.Now.Add(-24*time.Hour), r.Now.Add(24*time.Hour)) {
					if w.Kind == fleet.Blackout {
						require.False(t, b.Start.Before(r.Now.Add(cutoff)) && b.End.After(r.Now), "inside or too near a blackout")
					}
				}
			}
			if !r.Job.Immediate {
				require.False(t, p.Span.Start.After(r.Now))
				require.True(t, p.Span.LastStart.After(r.Now))
			}
		case fleet.PlanWait:
			require.True(t, p.Wait.NextTryAt.After(r.Now))
			require.NotEmpty(t, p.Wait.Unblocks)
		case fleet.PlanEnd:
			require.True(t, p.Status.Terminal())
			require.NotEmpty(t, p.Detail)
		default:
			require.FailNow(t, "no kind")
		}
	})
}
