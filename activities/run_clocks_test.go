package activities_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/activities"
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
