package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// SaveWaiting records that a job host waits, why, and the evaluation that said so. It fails with KindConflict where the
// host ended or was dispatched meanwhile: whoever asked must read the run again.
func (s *Store) SaveWaiting(ctx context.Context, jobID, hostID string, w fleet.Waiting) error {
	wait, err := json.Marshal(w.Wait)
	if err != nil {
		return fmt.Errorf("encode wait: %w", err)
	}
	p := sqlgen.SaveWaitingParams{
		Status: string(w.Status), Reason: string(w.Wait.Reason), Detail: w.Wait.Detail, Wait: wait, Unattempted: w.Unattempted,
		Entered: w.Entered, StartGate: w.StartGate, JobID: jobID, HostID: hostID,
	}
	if w.Span != nil {
		p.SpanStartsAt, p.SpanLastStartAt, p.SpanEndsAt = orNull(w.Span.Start), orNull(w.Span.LastStart), orNull(w.Span.End)
	}
	return s.tx(ctx, func(_ pgx.Tx, q *sqlgen.Queries) error {
		if err := writeEvaluation(ctx, q, jobID, hostID, w.Evaluation); err != nil {
			return err
		}
		n, err := q.SaveWaiting(ctx, p)
		if err != nil {
			return fmt.Errorf("save waiting job host: %w", err)
		}
		if n == 0 {
			return fleet.Conflict("job_host_moved", "the job host is not waiting any more")
		}
		return writeJobHostEvent(ctx, q, jobID, hostID, w.Status, "", w.Wait.Reason)
	})
}

// SaveEvaluation keeps a decision of the gate after which the host neither waited nor was dispatched.
func (s *Store) SaveEvaluation(ctx context.Context, jobID, hostID string, e fleet.Evaluation) error {
	return translate(writeEvaluation(ctx, s.q, jobID, hostID, &e))
}

func writeEvaluation(ctx context.Context, q *sqlgen.Queries, jobID, hostID string, e *fleet.Evaluation) error {
	if e == nil {
		return nil
	}
	checks, err := json.Marshal(e.Checks)
	if err != nil {
		return fmt.Errorf("encode evaluation: %w", err)
	}
	if e.Checks == nil {
		checks = []byte("[]")
	}
	err = q.InsertGateEvaluation(ctx, sqlgen.InsertGateEvaluationParams{
		JobID: jobID, HostID: hostID, At: e.At, Verdict: e.Verdict, Detail: e.Detail, Checks: checks, NextTryAt: e.NextTryAt,
	})
	if err != nil {
		return fmt.Errorf("write gate evaluation: %w", err)
	}
	return nil
}
