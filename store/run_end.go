package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// EndWaiting ends a job host that was not dispatched. The intent locks the same row, and the first commit wins: where
// that was the intent, or an earlier end, it fails with KindConflict. It reports whether it left wake-ups to deliver.
func (s *Store) EndWaiting(ctx context.Context, jobID, hostID string, e fleet.Ending) (woke bool, err error) {
	err = s.tx(ctx, func(_ pgx.Tx, q *sqlgen.Queries) error {
		if _, err := q.LockJobHost(ctx, jobID, hostID); err != nil {
			return found(err, "job host")
		}
		attempts, err := q.RunAttempts(ctx, jobID, hostID)
		if err != nil {
			return fmt.Errorf("read attempts: %w", err)
		}
		for _, a := range attempts {
			if a.FinishedAt == nil {
				return fleet.Conflict("job_host_dispatched", "the job host was dispatched")
			}
		}
		woke, err = finish(ctx, q, jobID, hostID, e)
		return err
	})
	return woke, err
}

// EndAttempt ends a job host with its attempt and frees its slot. An indeterminate end keeps the host blocked for
// every job until an operator settles it. It fails with KindConflict where the host already ended, and reports whether
// it left wake-ups to deliver.
func (s *Store) EndAttempt(ctx context.Context, jobID, hostID string, e fleet.Ending) (woke bool, err error) {
	err = s.tx(ctx, func(_ pgx.Tx, q *sqlgen.Queries) error {
		if _, err := q.LockJobHost(ctx, jobID, hostID); err != nil {
			return found(err, "job host")
		}
		if err := q.ReleaseAttempts(ctx, e.Status != fleet.StatusIndeterminate, jobID, hostID); err != nil {
			return fmt.Errorf("release attempt: %w", err)
		}
		busy, err := q.WakeHostBusy(ctx, hostID, jobID)
		if err != nil {
			return fmt.Errorf("wake jobs that wait for the host: %w", err)
		}
		woke, err = finish(ctx, q, jobID, hostID, e)
		woke = woke || busy > 0
		return err
	})
	return woke, err
}

func finish(ctx context.Context, q *sqlgen.Queries, jobID, hostID string, e fleet.Ending) (woke bool, err error) {
	n, err := q.FinishJobHost(ctx, sqlgen.FinishJobHostParams{
		Status: string(e.Status), Reason: string(e.Reason), Detail: e.Detail, Unattempted: e.Unattempted, JobID: jobID, HostID: hostID,
	})
	if err != nil {
		return false, fmt.Errorf("end job host: %w", err)
	}
	if n == 0 {
		return false, fleet.Conflict("job_host_ended", "the job host already ended")
	}
	if e.Status == fleet.StatusFailed || e.Status == fleet.StatusIndeterminate {
		if woke, err = wakeAfterFailure(ctx, q, jobID, hostID); err != nil {
			return false, err
		}
	}
	return woke, writeJobHostEvent(ctx, q, jobID, hostID, e.Status, "", e.Reason)
}

// wakeAfterFailure lets the waiting hosts of a job know that no more will be dispatched, once max_failures is reached.
func wakeAfterFailure(ctx context.Context, q *sqlgen.Queries, jobID, hostID string) (bool, error) {
	row, err := q.RunRow(ctx, jobID, hostID)
	if err != nil {
		return false, found(err, "job host")
	}
	if row.Failures < int64(row.Job.MaxFailuresHosts) {
		return false, nil
	}
	return true, writeWakeup(ctx, q, nil, nil, &jobID, string(fleet.ReasonMaxFailuresReached))
}

// SlotWaiters returns the hosts of a job that should try again because slots are free, longest waiting first; each is
// named to one caller only.
func (s *Store) SlotWaiters(ctx context.Context, jobID string) ([]string, error) {
	var ids []string
	err := s.tx(ctx, func(_ pgx.Tx, q *sqlgen.Queries) error {
		if _, err := q.LockJob(ctx, jobID); err != nil {
			return found(err, "job")
		}
		var err error
		ids, err = q.WakeSlotWaiters(ctx, jobID)
		return err
	})
	return ids, err
}

// SaveProgress keeps how far the agent says it is, 0 to 100.
func (s *Store) SaveProgress(ctx context.Context, jobID, hostID string, progress int) error {
	return s.tx(ctx, func(_ pgx.Tx, q *sqlgen.Queries) error {
		n, err := q.SaveProgress(ctx, int16(min(max(progress, 0), 100)), jobID, hostID)
		if err != nil || n == 0 {
			return err
		}
		return writeJobHostEvent(ctx, q, jobID, hostID, fleet.StatusRunning, fleet.PhaseApplying, "")
	})
}

// SavePhase moves a running job host on.
func (s *Store) SavePhase(ctx context.Context, jobID, hostID string, phase fleet.Phase, detail string) error {
	return s.tx(ctx, func(_ pgx.Tx, q *sqlgen.Queries) error {
		return savePhase(ctx, q, jobID, hostID, phase, detail, "")
	})
}

func savePhase(ctx context.Context, q *sqlgen.Queries, jobID, hostID string, phase fleet.Phase, detail, agentJobID string) error {
	n, err := q.SavePhase(ctx, sqlgen.SavePhaseParams{
		Phase: string(phase), Detail: detail, AgentJobID: orNull(agentJobID), JobID: jobID, HostID: hostID,
	})
	if err != nil {
		return fmt.Errorf("save phase: %w", err)
	}
	if n == 0 {
		return fleet.Conflict("job_host_moved", "the job host is not running any more")
	}
	return writeJobHostEvent(ctx, q, jobID, hostID, fleet.StatusRunning, phase, "")
}

// SavePackages keeps what became of each package of an attempt.
func (s *Store) SavePackages(ctx context.Context, attemptID string, packages []fleet.PackageResult) error {
	encoded, err := json.Marshal(packages)
	if err != nil {
		return fmt.Errorf("encode packages: %w", err)
	}
	return translate(s.q.SaveAttemptPackages(ctx, encoded, attemptID))
}

// OutputLength returns how many lines of output are kept of a job host.
func (s *Store) OutputLength(ctx context.Context, jobID, hostID string) (int, error) {
	n, err := s.q.OutputLength(ctx, jobID, hostID)
	return int(n), translate(err)
}

// AppendOutput keeps lines of output from position first on; lines that are there already stay as they are.
func (s *Store) AppendOutput(ctx context.Context, jobID, hostID string, first int, lines []string) error {
	return translate(s.q.AppendOutput(ctx, jobID, hostID, int32(first), lines)) //nolint:gosec // bounded by the caller
}
