package activities

import (
	"context"
	"errors"
	"log/slog"

	"github.com/patch-manager/patch-manager/fleet"
)

// Jobs carries out the steps of jobs as wholes. Every method is safe to run twice.
type Jobs struct {
	store   JobStore
	signals Signals
}

// NewJobs makes the activities of jobs.
func NewJobs(store JobStore, signals Signals) *Jobs { return &Jobs{store: store, signals: signals} }

// JobRef names a job and the run that carries it out.
type JobRef struct {
	JobID string `json:"job_id"`
	RunID string `json:"run_id,omitempty"`
}

// BatchRef names one batch of a job.
type BatchRef struct {
	JobID string `json:"job_id"`
	Batch int    `json:"batch"`
}

// BatchHost is one host of a batch, as its run needs it.
type BatchHost struct {
	HostID string `json:"host_id"`
	FQDN   string `json:"fqdn"`
	Zone   string `json:"zone"`
}

// StartJob notes which run carries a job out and returns the number of its batches.
func (a *Jobs) StartJob(ctx context.Context, ref JobRef) (int, error) {
	n, err := a.store.StartJob(ctx, ref.JobID, ref.RunID)
	return n, retryable(err)
}

// ListBatch returns the hosts of a batch that have not ended.
func (a *Jobs) ListBatch(ctx context.Context, ref BatchRef) ([]BatchHost, error) {
	hosts, err := a.store.BatchHosts(ctx, ref.JobID, ref.Batch)
	if err != nil {
		return nil, retryable(err)
	}
	out := make([]BatchHost, len(hosts))
	for i, h := range hosts {
		out[i] = BatchHost{HostID: h.HostID, FQDN: h.FQDN, Zone: h.Zone}
	}
	return out, nil
}

// CompleteJob notes the end of a job; false while one of its hosts has not ended.
func (a *Jobs) CompleteJob(ctx context.Context, ref JobRef) (bool, error) {
	done, err := a.store.CompleteJob(ctx, ref.JobID)
	return done, retryable(err)
}

// byTemporal is who cancelled when the cancellation came through Temporal.
var byTemporal = fleet.Actor{Name: "Temporal"}

// CancelJob notes a cancellation that came through Temporal and has the waiting hosts told.
func (a *Jobs) CancelJob(ctx context.Context, ref JobRef) error {
	if err := a.store.CancelJob(ctx, ref.JobID, byTemporal); err != nil {
		return retryable(err)
	}
	return a.signals.DeliverWakeups(ctx)
}

// CancelHost notes a cancellation of one host that came through Temporal.
func (a *Jobs) CancelHost(ctx context.Context, ref HostRef) error {
	return retryable(a.store.CancelJobHost(ctx, ref.JobID, ref.HostID, byTemporal))
}

// AbandonHost ends a host whose run could not be carried on: what was dispatched is indeterminate, the rest has failed.
func (a *Jobs) AbandonHost(ctx context.Context, ref HostRef) error {
	r, err := a.store.Run(ctx, ref.JobID, ref.HostID)
	if err != nil || r.Row.Status.Terminal() {
		return retryable(err)
	}
	if r.Attempt != nil {
		_, err = a.store.EndAttempt(ctx, ref.JobID, ref.HostID, fleet.Ending{
			Status: fleet.StatusIndeterminate, Reason: fleet.ReasonRunLost, Detail: "the run was ended from outside after the patch was dispatched",
		})
	} else {
		_, err = a.store.EndWaiting(ctx, ref.JobID, ref.HostID, fleet.Ending{
			Status: fleet.StatusFailed, Reason: fleet.ReasonRunLost, Detail: "the run was ended from outside before anything was sent",
		})
	}
	if err != nil {
		return retryable(err)
	}
	return a.handOn(ctx, ref.JobID)
}

// handOn signals the hosts that wait for what an abandoned one held.
func (a *Jobs) handOn(ctx context.Context, jobID string) error {
	waiters, err := a.store.SlotWaiters(ctx, jobID)
	if err != nil {
		return retryable(err)
	}
	for _, id := range waiters {
		err = errors.Join(err, a.signals.WakeHost(ctx, jobID, id))
	}
	return errors.Join(err, a.signals.DeliverWakeups(ctx))
}

// DeliverWakeups signals the runs that stored wake-ups mean and deletes these; it returns how many runs it signalled.
func (a *Jobs) DeliverWakeups(ctx context.Context) (int, error) {
	signalled := 0
	for {
		ids, runs, err := a.store.Wakeups(ctx)
		if err != nil || len(ids) == 0 {
			return signalled, retryable(err)
		}
		if err := a.signal(ctx, runs); err != nil {
			return signalled, err
		}
		signalled += len(runs)
		if err := a.store.DeleteWakeups(ctx, ids); err != nil {
			return signalled, retryable(err)
		}
	}
}

// signal signals runs and gives up at the first that can not be: the wake-ups are stored, and delivered again.
func (a *Jobs) signal(ctx context.Context, runs []fleet.RunRef) error {
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	signalAll(ctx, a.signals, runs, func(_ fleet.RunRef, err error) { giveUp(err) })
	return context.Cause(ctx)
}

// StartUnfinishedJobs starts every unfinished job that has no live run: its start was lost, or Temporal lost it. It
// returns how many unfinished jobs there are.
func (a *Jobs) StartUnfinishedJobs(ctx context.Context) (int, error) {
	ids, err := a.store.UnfinishedJobs(ctx)
	if err != nil {
		return 0, retryable(err)
	}
	for _, id := range ids {
		if err := a.signals.StartJob(ctx, id); err != nil {
			slog.WarnContext(ctx, "job not started", "job_id", id, "error", err)
		}
	}
	return len(ids), nil
}
