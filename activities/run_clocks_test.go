package activities_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/activities"
	"github.com/patch-manager/patch-manager/agent/agenttest"
	"github.com/patch-manager/patch-manager/fleet"
)

func TestClocksThatDisagreeKeepAHostWaiting(t *testing.T) {
	t.Parallel()
	for skew, waits := range map[time.Duration]bool{
		20 * time.Second: true, -20 * time.Second: true, 3 * time.Second: false, -3 * time.Second: false,
	} {
		t.Run(skew.String(), func(t *testing.T) {
			t.Parallel()
			s := newRunSite(t)
			s.host.SetClockSkew(skew)
			ref := s.job(jobSpec{})
			if waits {
				s.requireWaiting(s.carryOut(ref), ref, fleet.StatusWaitingHealthCheck, fleet.WaitClockSkew)
				require.Zero(t, s.sent())
				return
			}
			s.requireEnded(s.carryOut(ref), ref, fleet.StatusSucceeded, fleet.ReasonPatched)
		})
	}
}

// onClock is a step of a worker whose clock is ahead of the database's, or behind when negative.
func onClock(do step, ahead func() time.Duration) step {
	return func(runs *activities.Runs, ctx context.Context, ref activities.HostRef) (activities.Step, error) {
		return do(activities.OnClock(runs, func() time.Time { return time.Now().Add(ahead()) }), ctx, ref)
	}
}

func by(d time.Duration) func() time.Duration { return func() time.Duration { return d } }

func TestADatabaseOnAnotherClockKeepsAHostWaiting(t *testing.T) {
	t.Parallel()
	for _, ahead := range []time.Duration{20 * time.Second, -20 * time.Second} {
		t.Run(ahead.String(), func(t *testing.T) {
			t.Parallel()
			s := newRunSite(t)
			ref := s.job(jobSpec{})
			require.Equal(t, activities.StepDispatch, s.plan(ref).Next)
			wait := s.requireWaiting(s.must(onClock((*activities.Runs).DispatchPatch, by(ahead)), ref), ref, fleet.StatusWaitingHealthCheck, fleet.WaitClockSkew)
			require.Equal(t, "clocks: the database's is 20s apart from the worker's, at most 5s is allowed", wait.Detail)
			require.WithinDuration(t, time.Now().Add(ahead+s.policy.RetryInterval), *wait.NextTryAt, 3*time.Second, "by the clock of the worker")
			require.Zero(t, s.sent())
			s.requireEnded(s.carryOut(ref), ref, fleet.StatusSucceeded, fleet.ReasonPatched)
		})
	}
}

func TestAHostWhoseIntentsWereAllTakenBackEndsAsOneThatNothingWasSentTo(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	ref := s.job(jobSpec{})
	require.Equal(t, activities.StepDispatch, s.plan(ref).Next)
	var worker clock
	for n := range fleet.MaxAttempts {
		worker.set(0)
		s.atLook("GET /system/info", 1, func() { worker.set(-20 * time.Second) })
		step := s.must(worker.on((*activities.Runs).DispatchPatch), ref)
		if n < fleet.MaxAttempts-1 {
			s.requireWaiting(step, ref, fleet.StatusWaitingHealthCheck, fleet.WaitClockSkew)
			require.Equal(t, s.policy.RetryInterval, step.WakeIn)
			continue
		}
		s.requireEnded(step, ref, fleet.StatusFailed, fleet.ReasonTooManyRefusals)
	}
	row := s.run(ref).Row
	require.False(t, row.Attempted)
	require.Contains(t, row.Detail, "was about to be sent 5 times, and was not, at last: clocks: ")
	require.Zero(t, s.sent())
}

func TestAHostIsNotEndedByAClockThatDisagrees(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	s.window(fleet.Maintenance, 2*time.Hour, time.Hour)
	ref := s.job(jobSpec{scheduled: true})
	s.exec(`update job_hosts set span_entered_at = clock_timestamp() - interval '90 minutes'`)
	plan := onClock((*activities.Runs).PlanHost, by(-time.Hour))
	s.requireWaiting(s.must(plan, ref), ref, fleet.StatusWaitingWindow, fleet.WaitClockSkew)
	s.requireEnded(s.plan(ref), ref, fleet.StatusFailed, fleet.ReasonWindowClosed)
}

func TestACancelledHostEndsWhateverTheClocksSay(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	ref := s.job(jobSpec{})
	s.exec(`update jobs set cancel_requested_at = clock_timestamp(), cancel_requested_by = 'ann'`)
	s.requireEnded(s.must(onClock((*activities.Runs).PlanHost, by(time.Hour)), ref), ref, fleet.StatusCancelled, fleet.ReasonCancelledByUser)
}

func TestAHostAndADatabaseThatAreApartEachWithinTheLimitAreTooFarApart(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	s.host.SetClockSkew(-4 * time.Second)
	ref := s.job(jobSpec{})
	require.Equal(t, activities.StepDispatch, s.plan(ref).Next)
	wait := s.requireWaiting(s.must(onClock((*activities.Runs).DispatchPatch, by(-4*time.Second)), ref), ref, fleet.StatusWaitingHealthCheck, fleet.WaitClockSkew)
	require.Equal(t, "clocks: the host's is 8s apart from the database's, at most 5s is allowed", wait.Detail)
	require.Zero(t, s.sent())
}

func TestAnIntentByAClockThatWasSetMeanwhileIsTakenBack(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	ref := s.job(jobSpec{})
	require.Equal(t, activities.StepDispatch, s.plan(ref).Next)
	var set atomic.Bool
	s.host.Inject("GET /system/info", 1, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		set.Store(true)
		next.ServeHTTP(w, r)
	})
	dispatch := onClock((*activities.Runs).DispatchPatch, func() time.Duration {
		if set.Load() {
			return -20 * time.Second
		}
		return 0
	})
	s.requireWaiting(s.must(dispatch, ref), ref, fleet.StatusWaitingHealthCheck, fleet.WaitClockSkew)
	require.Zero(t, s.sent())
	require.False(t, s.run(ref).Row.Attempted)
	require.Equal(t, 1, s.run(ref).Refusals)
	s.requireEnded(s.carryOut(ref), ref, fleet.StatusSucceeded, fleet.ReasonPatched)
	require.Equal(t, 1, s.applies())
}

// clock is that of a worker, which a test sets ahead of the database's.
type clock struct{ ahead atomic.Int64 }

func (c *clock) set(ahead time.Duration) { c.ahead.Store(int64(ahead)) }

func (c *clock) on(do step) step {
	return onClock(do, func() time.Duration { return time.Duration(c.ahead.Load()) })
}

// setDatabase sets the clock of the database, which for all that is stored comes to that being so much earlier.
func (s *runSite) setDatabase(ahead time.Duration) {
	s.Helper()
	d := ahead.Seconds()
	s.exec(`update maintenance_windows set starts_on = (starts_on + start_time - make_interval(secs => $1))::date,
		start_time = (starts_on + start_time - make_interval(secs => $1))::time`, d)
	s.exec(`update job_hosts set span_entered_at = span_entered_at - make_interval(secs => $1)`, d)
	s.exec(`update patch_attempts set prepared_at = prepared_at - make_interval(secs => $1),
		reboot_requested_at = reboot_requested_at - make_interval(secs => $1)`, d)
}

// atLook runs do before the nth answer to a request.
func (s *runSite) atLook(request string, n int, do func()) {
	s.host.Inject(request, n, s.before(func() {
		if n--; n == 0 {
			do()
		}
	}))
}

const apartByAnHour = "clocks: the database's is 1h0m0s apart from the worker's, at most 5s is allowed"

func TestAHostIsNotRebootedAfterItsWindowByADatabaseWhoseClockWasSetBack(t *testing.T) {
	t.Parallel()
	s := newRunSite(t, kernel)
	s.window(fleet.Maintenance, time.Hour, 2*time.Hour)
	ref := s.job(jobSpec{scheduled: true, allowReboot: true})
	s.plan(ref)
	require.Equal(t, activities.StepFollow, s.dispatch(ref).Next)
	var worker clock
	var said string
	worker.set(time.Hour) // at the end of the window
	s.atLook("GET /system/info", 3, func() {
		said = s.run(ref).Row.Detail
		s.setDatabase(time.Hour)
		worker.set(0)
	})
	s.requireEnded(s.must(worker.on((*activities.Runs).FollowPatch), ref), ref, fleet.StatusSucceeded, fleet.ReasonRebootDeferred)
	require.Zero(t, s.reboots())
	require.Equal(t, apartByAnHour, said)
}

// rebootOnly takes a new job to where the host is to be rebooted and has not been asked to.
func (s *runSite) rebootOnly(j jobSpec) activities.HostRef {
	s.Helper()
	j.allowReboot = true
	ref := s.job(j)
	s.plan(ref)
	require.Equal(s, activities.StepReboot, s.dispatch(ref).Next)
	return ref
}

func TestAHostIsNotRebootedBeforeTheWindowThatItEnteredByAClockThatWasAhead(t *testing.T) {
	t.Parallel()
	s := newRunSite(t, nothingPending)
	s.window(fleet.Maintenance, time.Hour, 3*time.Hour)
	ref := s.rebootOnly(jobSpec{scheduled: true})
	s.setDatabase(-2 * time.Hour)
	s.requireEnded(s.carryOut(ref), ref, fleet.StatusSucceeded, fleet.ReasonRebootDeferred)
	require.Zero(t, s.reboots())
}

func TestAnIntentToRebootByAClockThatWasSetMeanwhileIsTakenBack(t *testing.T) {
	t.Parallel()
	s := newRunSite(t, nothingPending)
	s.window(fleet.Maintenance, time.Hour, 2*time.Hour)
	ref := s.job(jobSpec{scheduled: true, allowReboot: true})
	require.Equal(t, activities.StepDispatch, s.plan(ref).Next)
	var worker clock
	s.atLook("GET /system/info", 1, func() { worker.set(time.Hour) })
	s.requireWaiting(s.must(worker.on((*activities.Runs).DispatchPatch), ref), ref, fleet.StatusWaitingHealthCheck, fleet.WaitClockSkew)
	r := s.run(ref)
	require.Nil(t, r.Attempt)
	require.False(t, r.Row.Attempted)
	s.setDatabase(time.Hour)
	s.requireEnded(s.carryOut(ref), ref, fleet.StatusFailed, fleet.ReasonWindowClosed)
	require.Zero(t, s.reboots())
}

func TestAClockThatWasSetAheadDoesNotMakeAHostThatStayedUpARebootedOne(t *testing.T) {
	t.Parallel()
	s := newRunSite(t, nothingPending)
	ref := s.rebootOnly(jobSpec{})
	ahead := s.host.Uptime() + time.Hour
	s.policy.RebootTimeout = 400 * time.Millisecond
	var worker clock
	var said string
	s.host.Inject(rebootRequest, 1, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		s.setDatabase(ahead)
		worker.set(-ahead)
		agenttest.Answer(http.StatusAccepted, accepted)(w, r, next)
	})
	s.atLook("GET /health", 3, func() {
		said = s.run(ref).Row.Detail
		s.setDatabase(-ahead)
		worker.set(0)
	})
	s.requireEnded(s.must(worker.on((*activities.Runs).RebootHost), ref), ref, fleet.StatusFailed, fleet.ReasonRebootFailed)
	require.Contains(t, s.run(ref).Row.Detail, "it has not rebooted")
	require.Contains(t, said, "clocks: the database's is ")
}

func TestARebootThatWasCancelledIsDeferredWhateverTheClocksSay(t *testing.T) {
	t.Parallel()
	s := newRunSite(t, nothingPending)
	ref := s.rebootOnly(jobSpec{})
	s.exec(`update patch_attempts set reboot_state = 'refused'`)
	s.exec(`update jobs set cancel_requested_at = clock_timestamp(), cancel_requested_by = 'ann'`)
	refused := time.Now().Add(-time.Hour)
	step, err := s.try(onClock((*activities.Runs).RebootHost, by(time.Hour)), ref, refused)
	require.NoError(t, err)
	s.requireEnded(step, ref, fleet.StatusSucceeded, fleet.ReasonRebootDeferred)
	require.NotContains(t, s.host.Requests(), rebootRequest)
}
