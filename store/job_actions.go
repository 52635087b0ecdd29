package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// RequestJobCancel asks for the end of a job, all of whose hosts the caller operates, and ends those that wait. Asking
// again is no error. Once it returns, no more dispatch of the job is admitted: admission reads the request under the same
// lock.
func (s *Store) RequestJobCancel(ctx context.Context, by fleet.Caller, jobID string) error {
	return s.change(ctx, by, func(_ pgx.Tx, q *sqlgen.Queries) error {
		if err := operatesJob(ctx, q, by, jobID); err != nil {
			return err
		}
		job, err := q.JobState(ctx, jobID)
		if err != nil {
			return found(err, "job")
		}
		if job.CompletedAt != nil {
			return fleet.Conflict("job_ended", "the job has ended")
		}
		if job.CancelRequestedAt != nil {
			return nil
		}
		if _, err := q.RequestJobCancel(ctx, by.Name, jobID); err != nil {
			return fmt.Errorf("request cancel: %w", err)
		}
		return recordJobCancel(ctx, q, by, jobID)
	})
}

func recordJobCancel(ctx context.Context, q *sqlgen.Queries, by fleet.Caller, jobID string) error {
	groups, err := q.JobGroupIDs(ctx, jobID)
	if err != nil {
		return fmt.Errorf("read groups of job: %w", err)
	}
	if err := endWaitingOfJob(ctx, q, by.Actor(), jobID); err != nil {
		return err
	}
	if err := writeEvent(ctx, q, eventJobChanged, jobID, groups, false, jobPayload{jobID}); err != nil {
		return err
	}
	return writeAudit(ctx, q, by.Actor(), "job.cancel", "job", jobID, nil)
}

// operatesJob fails unless the caller operates every host of the job; where he sees none of them, there is no such job.
func operatesJob(ctx context.Context, q *sqlgen.Queries, by fleet.Caller, jobID string) error {
	if err := jobSeen(ctx, q, by.Sees(), jobID); err != nil {
		return err
	}
	operates := by.Operates()
	reach, err := q.JobReach(ctx, operates.All, operates.Groups, jobID)
	if err != nil {
		return fmt.Errorf("read reach of job: %w", err)
	}
	if reach.Covered < reach.Hosts {
		return fleet.Forbidden("out_of_scope",
			"this takes the operator role for every host of the job; single hosts can be cancelled otherwise")
	}
	return nil
}

// RequestJobHostCancel asks for the end of one host of a job, which the caller operates. Asking again is no error.
func (s *Store) RequestJobHostCancel(ctx context.Context, by fleet.Caller, jobID, hostID string) error {
	return s.change(ctx, by, func(_ pgx.Tx, q *sqlgen.Queries) error {
		status, err := lockJobHost(ctx, q, by, jobID, hostID)
		if err != nil {
			return err
		}
		if status.Terminal() {
			return fleet.Conflict("job_host_ended", "the host has ended: %s", status)
		}
		n, err := q.RequestJobHostCancel(ctx, by.Name, jobID, hostID)
		if err != nil || n == 0 {
			return err
		}
		if err := writeWakeup(ctx, q, &hostID, nil, &jobID, "cancelled"); err != nil {
			return err
		}
		return recordJobHost(ctx, q, by, "job_host.cancel", jobID, hostID, status, nil)
	})
}

// RequestRecheck notes that the caller wants a waiting host of a job, which he operates, to look again at once.
func (s *Store) RequestRecheck(ctx context.Context, by fleet.Caller, jobID, hostID string) error {
	return s.change(ctx, by, func(_ pgx.Tx, q *sqlgen.Queries) error {
		status, err := lockJobHost(ctx, q, by, jobID, hostID)
		if err != nil {
			return err
		}
		switch status {
		case fleet.StatusWaitingWindow, fleet.StatusWaitingHealthCheck, fleet.StatusWaitingSlot:
			return writeAudit(ctx, q, by.Actor(), "job_host.recheck", "job_host", jobID+"/"+hostID, nil)
		default:
			return fleet.Conflict("not_waiting", "the host is not waiting: %s", status)
		}
	})
}

// SettleJobHost ends an indeterminate host of a job, which the caller operates, and lets the host be patched again.
func (s *Store) SettleJobHost(ctx context.Context, by fleet.Caller, jobID, hostID string, outcome fleet.Status, note string) error {
	return s.change(ctx, by, func(_ pgx.Tx, q *sqlgen.Queries) error {
		status, err := lockJobHost(ctx, q, by, jobID, hostID)
		if err != nil {
			return err
		}
		n, err := q.SettleJobHost(ctx, sqlgen.SettleJobHostParams{
			Status: string(outcome), Detail: settleDetail(by.Name, note), Note: note, JobID: jobID, HostID: hostID,
		})
		if err != nil {
			return fmt.Errorf("settle job host: %w", err)
		}
		if n == 0 {
			return fleet.Conflict("not_indeterminate", "only an indeterminate host can be settled, this one is %s", status)
		}
		if err := q.ReleaseAttempts(ctx, true, jobID, hostID); err != nil {
			return fmt.Errorf("release attempt: %w", err)
		}
		if err := writeWakeup(ctx, q, &hostID, nil, nil, "outcome settled"); err != nil {
			return err
		}
		return recordJobHost(ctx, q, by, "job_host.settle", jobID, hostID, outcome, map[string]any{"outcome": outcome, "note": note})
	})
}

func settleDetail(by, note string) string {
	if note == "" {
		return "settled by " + by
	}
	return "settled by " + by + ": " + note
}

// lockJobHost locks one host of a job for somebody who operates it.
func lockJobHost(ctx context.Context, q *sqlgen.Queries, by fleet.Caller, jobID, hostID string) (fleet.Status, error) {
	if err := jobHostSeen(ctx, q, by.Sees(), jobID, hostID); err != nil {
		return "", err
	}
	operates := by.Operates()
	operated, err := q.JobHostInScope(ctx, jobID, hostID, operates.All, operates.Groups)
	if err != nil {
		return "", fmt.Errorf("read scope of job host: %w", err)
	}
	if !operated {
		return "", errNotOperator
	}
	status, err := q.LockJobHost(ctx, jobID, hostID)
	return fleet.Status(status), found(err, "job host")
}

func recordJobHost(
	ctx context.Context, q *sqlgen.Queries, by fleet.Caller, action, jobID, hostID string, status fleet.Status, detail map[string]any,
) error {
	if err := writeJobHostEvent(ctx, q, jobID, hostID, status, "", ""); err != nil {
		return err
	}
	return writeAudit(ctx, q, by.Actor(), action, "job_host", jobID+"/"+hostID, detail)
}

// RetryRequest is the request of a job, for those of its hosts within the caller's scope that ended with one of the
// statuses and still exist.
func (s *Store) RetryRequest(ctx context.Context, scope fleet.Scope, jobID string, statuses []fleet.Status) (fleet.JobRequest, error) {
	job, err := s.Job(ctx, scope, jobID)
	if err != nil {
		return fleet.JobRequest{}, err
	}
	names := make([]string, len(statuses))
	for i, status := range statuses {
		names[i] = string(status)
	}
	hosts, err := s.q.RetryHosts(ctx, jobID, names, scope.All, scope.Groups)
	if err != nil {
		return fleet.JobRequest{}, translate(err)
	}
	if len(hosts) == 0 {
		return fleet.JobRequest{}, fleet.Conflict("nothing_to_retry", "no host of the job ended with one of these statuses")
	}
	r := fleet.JobRequest{
		HostIDs: hosts, Packages: job.Packages, Immediate: job.Immediate, AllowReboot: job.AllowReboot,
		GateTimeout: job.GateTimeout, MaxWait: job.MaxWait, Notes: job.Notes, RetryOf: jobID,
	}
	if r.MaxParallel, err = fleet.ParseLimit("max_parallel", job.MaxParallel); err != nil {
		return r, err
	}
	r.MaxFailures, err = fleet.ParseLimit("max_failures", job.MaxFailures)
	return r, err
}
