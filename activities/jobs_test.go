package activities_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/patch-manager/patch-manager/activities"
	"github.com/patch-manager/patch-manager/agent/agenttest"
	"github.com/patch-manager/patch-manager/fleet"
)

func (s *runSite) jobs() *activities.Jobs { return activities.NewJobs(s.store, s.signals) }

func TestAHostWhoseRunWasEndedBeforeItsIntentHasFailedAndMayBeRepeated(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	ref, next := s.job(jobSpec{}), s.job(jobSpec{})
	for range 2 {
		require.NoError(t, s.jobs().AbandonHost(t.Context(), ref))
		require.Equal(t, fleet.StatusFailed, s.run(ref).Row.Status)
		require.Equal(t, fleet.ReasonRunLost, s.run(ref).Row.Reason)
	}
	require.Zero(t, s.run(ref).Job.Failures)
	s.requireEnded(s.carryOut(next), next, fleet.StatusSucceeded, fleet.ReasonPatched)
}

func TestAHostWhoseRunWasEndedAfterItsIntentIsIndeterminateAndStaysBlocked(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	s.host.PlanJobs(agenttest.JobPlan{Duration: time.Hour}) // so that there is something to do for the next job
	ref, next := s.started(jobSpec{}), s.job(jobSpec{})
	require.NoError(t, s.jobs().AbandonHost(t.Context(), ref))
	require.Equal(t, fleet.StatusIndeterminate, s.run(ref).Row.Status)
	s.requireWaiting(s.dispatch(next), next, fleet.StatusWaitingSlot, fleet.WaitHostBusy)
	require.Equal(t, 1, s.applies())
}

func TestStoredWakeupsAreDeliveredOnceToEachRun(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	ref := s.job(jobSpec{})
	other := s.otherHost(ref)
	s.exec(`insert into wakeups (host_id, reason) values ($1, 'edited'), ($1, 'edited again')`, ref.HostID)
	n, err := s.jobs().DeliverWakeups(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.Equal(t, []string{ref.HostID}, s.signals.wokenHosts())
	n, err = s.jobs().DeliverWakeups(t.Context())
	require.NoError(t, err)
	require.Zero(t, n)

	require.NoError(t, s.jobs().CancelJob(t.Context(), activities.JobRef{JobID: ref.JobID}))
	_, err = s.jobs().DeliverWakeups(t.Context())
	require.NoError(t, err)
	require.ElementsMatch(t, []string{ref.HostID, ref.HostID, other.HostID}, s.signals.wokenHosts())
	s.requireEnded(s.carryOut(ref), ref, fleet.StatusCancelled, fleet.ReasonCancelledByUser)
}

func TestAWakeupThatCouldNotBeDeliveredIsKept(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	ref := s.job(jobSpec{})
	s.exec(`insert into wakeups (host_id, reason) values ($1, 'edited')`, ref.HostID)
	_, err := activities.NewJobs(s.store, brokenSignals{}).DeliverWakeups(t.Context())
	require.ErrorIs(t, err, errNoTemporal)
	n, err := s.jobs().DeliverWakeups(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, n)
}

func TestASignalThatIsLostDoesNotUndoAnEnd(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	ref := s.job(jobSpec{})
	other := s.otherHost(ref)
	require.NoError(t, s.store.SaveWaiting(t.Context(), other.JobID, other.HostID, fleet.Waiting{
		Status: fleet.StatusWaitingSlot, Wait: fleet.Wait{Reason: fleet.WaitSlot},
	}))
	s.exec(`update jobs set max_failures_hosts = 1`)
	s.takeSlot(ref)
	s.exec(`update patch_attempts set send_before = clock_timestamp()`)
	lost := activities.NewRuns(s.store, s.client, nil, brokenSignals{}, activities.NewInventoryReader(s.client, s.store), s.policy)
	next := s.must(func(_ *activities.Runs, ctx context.Context, ref activities.HostRef) (activities.Step, error) {
		if step, err := lost.PlanHost(ctx, ref); err != nil {
			return step, err
		}
		return lost.FollowPatch(ctx, ref)
	}, ref)
	s.requireEnded(next, ref, fleet.StatusIndeterminate, fleet.ReasonOutcomeUnknown)
}

func TestAJobHostThatIsNotThereIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	for _, do := range []step{(*activities.Runs).PlanHost, (*activities.Runs).DispatchPatch, (*activities.Runs).FollowPatch} {
		_, err := s.try(do, activities.HostRef{JobID: newUUID(), HostID: s.hostID})
		var app *temporal.ApplicationError
		require.ErrorAs(t, err, &app)
		require.True(t, app.NonRetryable())
	}
}

func TestAJobIsListedBatchByBatchAndCompleted(t *testing.T) {
	t.Parallel()
	s := newRunSite(t)
	ref := s.job(jobSpec{})
	batches, err := s.jobs().StartJob(t.Context(), activities.JobRef{JobID: ref.JobID, RunID: "run-1"})
	require.NoError(t, err)
	require.Equal(t, 1, batches)
	hosts, err := s.jobs().ListBatch(t.Context(), activities.BatchRef{JobID: ref.JobID})
	require.NoError(t, err)
	require.Equal(t, []activities.BatchHost{{HostID: s.hostID, FQDN: "h", Zone: "default"}}, hosts)
	n, err := s.jobs().StartUnfinishedJobs(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, n)
	done, err := s.jobs().CompleteJob(t.Context(), activities.JobRef{JobID: ref.JobID})
	require.NoError(t, err)
	require.False(t, done)
	require.NoError(t, s.jobs().CancelHost(t.Context(), ref))
	s.requireEnded(s.carryOut(ref), ref, fleet.StatusCancelled, fleet.ReasonCancelledByUser)
	done, err = s.jobs().CompleteJob(t.Context(), activities.JobRef{JobID: ref.JobID})
	require.NoError(t, err)
	require.True(t, done)
}

var errNoTemporal = errors.New("no Temporal")

// brokenSignals reaches nobody.
type brokenSignals struct{}

func (brokenSignals) WakeHost(context.Context, string, string) error { return errNoTemporal }
func (brokenSignals) DeliverWakeups(context.Context) error           { return errNoTemporal }
func (brokenSignals) StartJob(context.Context, string) error         { return errNoTemporal }
