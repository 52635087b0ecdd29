package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// StartJob notes the run of a job and returns the number of its batches.
func (s *Store) StartJob(ctx context.Context, jobID, runID string) (int, error) {
	n, err := s.q.StartJobRun(ctx, runID, jobID)
	if err != nil {
		return 0, found(err, "job")
	}
	return int(n), nil
}

// BatchHosts returns the unfinished hosts of one batch.
func (s *Store) BatchHosts(ctx context.Context, jobID string, batch int) ([]fleet.BatchHost, error) {
	rows, err := s.q.BatchHosts(ctx, jobID, int32(batch)) //nolint:gosec // a job has far fewer
	if err != nil {
		return nil, translate(err)
	}
	out := make([]fleet.BatchHost, len(rows))
	for i, r := range rows {
		out[i] = fleet.BatchHost{HostID: r.HostID, FQDN: r.FQDN, Zone: r.Zone}
	}
	return out, nil
}

// CompleteJob notes the end of a job all of whose hosts ended; it reports false while one has not.
func (s *Store) CompleteJob(ctx context.Context, jobID string) (bool, error) {
	completed := false
	err := s.tx(ctx, func(_ pgx.Tx, q *sqlgen.Queries) error {
		n, err := q.CompleteJob(ctx, jobID)
		if err != nil {
			return fmt.Errorf("complete job: %w", err)
		}
		if n == 0 {
			completed, err = q.JobCompleted(ctx, jobID)
			return found(err, "job")
		}
		completed = true
		return writeJobEvent(ctx, q, jobID, "completed")
	})
	return completed, err
}

// writeJobEvent tells whoever may see the job what happened to it.
func writeJobEvent(ctx context.Context, q *sqlgen.Queries, jobID, what string) error {
	groups, err := q.JobGroupIDs(ctx, jobID)
	if err != nil {
		return fmt.Errorf("read groups of job: %w", err)
	}
	return writeEvent(ctx, q, eventJobChanged, jobID, groups, false, map[string]bool{what: true})
}

// UnfinishedJobs returns the ids of all jobs that have not completed.
func (s *Store) UnfinishedJobs(ctx context.Context) ([]string, error) {
	ids, err := s.q.UnfinishedJobs(ctx)
	return ids, translate(err)
}

// CancelJob notes that a job is to be cancelled, for a cancellation that did not come by the API.
func (s *Store) CancelJob(ctx context.Context, jobID string, by fleet.Actor) error {
	return s.tx(ctx, func(_ pgx.Tx, q *sqlgen.Queries) error {
		n, err := q.RequestJobCancel(ctx, by.Name, jobID)
		if err != nil || n == 0 {
			return err
		}
		if err := writeAudit(ctx, q, by, "job.cancel", "job", jobID, nil); err != nil {
			return err
		}
		if err := writeJobEvent(ctx, q, jobID, "cancel_requested"); err != nil {
			return err
		}
		return endWaitingOfJob(ctx, q, by, jobID)
	})
}

// endWaitingOfJob ends the hosts that wait of a job whose cancellation was just noted, and leaves word for their runs: at
// once, since by their runs thousands of them would show it only after minutes.
func endWaitingOfJob(ctx context.Context, q *sqlgen.Queries, by fleet.Actor, jobID string) error {
	if err := q.EndWaitingOfCancelledJob(ctx, eventJobHostChanged, "job cancelled by "+by.Name, jobID); err != nil {
		return fmt.Errorf("end waiting hosts of job: %w", err)
	}
	return writeWakeup(ctx, q, nil, nil, &jobID, "job cancelled")
}

// CancelJobHost notes that one host of a job is to be cancelled, for a cancellation that did not come by the API.
func (s *Store) CancelJobHost(ctx context.Context, jobID, hostID string, by fleet.Actor) error {
	return s.tx(ctx, func(_ pgx.Tx, q *sqlgen.Queries) error {
		n, err := q.RequestJobHostCancel(ctx, by.Name, jobID, hostID)
		if err != nil || n == 0 {
			return err
		}
		if err := writeAudit(ctx, q, by, "job_host.cancel", "job_host", jobID+"/"+hostID, nil); err != nil {
			return err
		}
		row, err := q.RunRow(ctx, jobID, hostID)
		if err != nil {
			return found(err, "job host")
		}
		return writeJobHostEvent(ctx, q, jobID, hostID, fleet.Status(row.JobHost.Status), fleet.Phase(deref(row.JobHost.Phase)), "")
	})
}

// Wakeups returns stored wake-ups, oldest first, with the runs that they mean. The caller deletes them when the runs
// were signalled; a wake-up that is delivered twice does no harm.
func (s *Store) Wakeups(ctx context.Context) ([]int64, []fleet.RunRef, error) {
	ids, err := s.q.PendingWakeups(ctx)
	if err != nil || len(ids) == 0 {
		return nil, nil, translate(err)
	}
	rows, err := s.q.WakeTargets(ctx, ids)
	if err != nil {
		return nil, nil, translate(err)
	}
	refs := make([]fleet.RunRef, len(rows))
	for i, r := range rows {
		refs[i] = fleet.RunRef{JobID: r.JobID, HostID: r.HostID}
	}
	return ids, refs, nil
}

// DeleteWakeups removes wake-ups that were delivered.
func (s *Store) DeleteWakeups(ctx context.Context, ids []int64) error {
	return translate(s.q.DeleteWakeups(ctx, ids))
}
