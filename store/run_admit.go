package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// Admit takes a slot and commits the intent to patch a host with the evaluation that allows it, in one transaction that
// reads the clock, the windows, the evidence and the job again, or says which condition was not met. Where the job already has an attempt on the host
// it changes nothing and returns that one.
func (s *Store) Admit(ctx context.Context, req fleet.AdmitRequest) (fleet.Admission, error) {
	var a fleet.Admission
	err := s.tx(ctx, func(_ pgx.Tx, q *sqlgen.Queries) error {
		var err error
		a, err = admit(ctx, q, req)
		return err
	})
	return a, err
}

func admit(ctx context.Context, q *sqlgen.Queries, req fleet.AdmitRequest) (fleet.Admission, error) {
	if _, err := q.LockJob(ctx, req.JobID); err != nil {
		return fleet.Admission{}, found(err, "job")
	}
	if _, err := q.LockJobHost(ctx, req.JobID, req.HostID); err != nil {
		return fleet.Admission{}, found(err, "job host")
	}
	if _, err := q.LockRunHost(ctx, req.HostID); err != nil {
		return fleet.Admission{}, fmt.Errorf("lock host: %w", err)
	}
	if err := q.ShareCommonWindows(ctx); err != nil {
		return fleet.Admission{}, fmt.Errorf("lock windows: %w", err)
	}
	r, err := loadRun(ctx, q, req.JobID, req.HostID)
	if err != nil {
		return fleet.Admission{}, err
	}
	if r.Row.Status.Terminal() {
		return fleet.Admission{}, fleet.Conflict("job_host_ended", "the job host already ended: %s", r.Row.Status)
	}
	held, err := q.HeldSlots(ctx, req.JobID)
	if err != nil {
		return fleet.Admission{}, fmt.Errorf("count slots: %w", err)
	}
	busy, err := q.UnfinishedAttemptOfHost(ctx, req.HostID)
	if err != nil {
		return fleet.Admission{}, fmt.Errorf("look for unfinished attempts: %w", err)
	}
	a := fleet.Admit(r, req, int(held), busy)
	if a.Existed || a.Refusal != "" {
		return a, nil
	}
	return commitIntent(ctx, q, req, r, a)
}

func commitIntent(ctx context.Context, q *sqlgen.Queries, req fleet.AdmitRequest, r fleet.Run, a fleet.Admission) (fleet.Admission, error) {
	attempt, err := newAttempt(req, r, a.SendBefore)
	if err != nil {
		return fleet.Admission{}, err
	}
	n, err := q.InsertAttempt(ctx, attempt)
	if err != nil {
		return fleet.Admission{}, fmt.Errorf("write intent: %w", err)
	}
	if n == 0 { // another job's transaction came first
		a.Refusal = fleet.RefusedByHost
		return a, nil
	}
	if err := startRunning(ctx, q, attempt, a.Plan.Span); err != nil {
		return fleet.Admission{}, err
	}
	open := fleet.Evaluation{At: a.Now, Verdict: string(a.Verdict.Code), Detail: a.Verdict.Detail, Checks: a.Verdict.Checks}
	if err := writeEvaluation(ctx, q, req.JobID, req.HostID, &open); err != nil {
		return fleet.Admission{}, err
	}
	written, err := toAttempt(sqlgen.PatchAttempt{
		ID: attempt.ID, Number: attempt.Number, State: attempt.State, PreparedAt: r.Now, SendBefore: attempt.SendBefore,
		AgentJobsSeen: attempt.AgentJobsSeen, AgentJobID: attempt.AgentJobID, Packages: attempt.Packages,
	})
	a.Attempt = &written
	return a, err
}

func newAttempt(req fleet.AdmitRequest, r fleet.Run, sendBefore time.Time) (sqlgen.InsertAttemptParams, error) {
	packages, err := json.Marshal(req.Packages)
	if err != nil {
		return sqlgen.InsertAttemptParams{}, fmt.Errorf("encode packages: %w", err)
	}
	if req.Packages == nil {
		packages = []byte("[]")
	}
	uptime := int64(req.Uptime / time.Second)
	p := sqlgen.InsertAttemptParams{
		ID: req.AttemptID, JobID: req.JobID, HostID: req.HostID, Number: int16(r.Refusals + 1), //nolint:gosec // at most MaxAttempts
		State: string(fleet.AttemptPrepared), SendBefore: sendBefore, AgentJobsSeen: req.AgentJobs,
		AgentJobID: orNull(req.Adopt), AgentUptimeSeconds: &uptime, Packages: packages,
	}
	if p.AgentJobsSeen == nil {
		p.AgentJobsSeen = []string{}
	}
	switch {
	case req.Adopt != "":
		p.State = string(fleet.AttemptAccepted)
	case req.RebootOnly:
		p.State = string(fleet.AttemptNone)
	}
	return p, nil
}

func startRunning(ctx context.Context, q *sqlgen.Queries, a sqlgen.InsertAttemptParams, span *fleet.Span) error {
	phase := fleet.PhaseDispatching
	if a.State != string(fleet.AttemptPrepared) {
		phase = fleet.PhaseApplying
	}
	p := sqlgen.StartRunningParams{
		JobID: a.JobID, HostID: a.HostID, Phase: string(phase), AgentJobID: a.AgentJobID,
		Attempted: a.State != string(fleet.AttemptNone),
	}
	if span != nil {
		p.SpanStartsAt, p.SpanLastStartAt, p.SpanEndsAt = orNull(span.Start), orNull(span.LastStart), orNull(span.End)
	}
	n, err := q.StartRunning(ctx, p)
	if err != nil {
		return fmt.Errorf("start job host: %w", err)
	}
	if n == 0 {
		return fleet.Conflict("job_host_moved", "the job host is not waiting any more")
	}
	return writeJobHostEvent(ctx, q, a.JobID, a.HostID, fleet.StatusRunning, phase, "")
}

// writeJobHostEvent tells whoever may see the job host that it changed.
func writeJobHostEvent(ctx context.Context, q *sqlgen.Queries, jobID, hostID string, st fleet.Status, ph fleet.Phase, reason fleet.Reason) error {
	groups, err := q.JobHostGroupIDs(ctx, jobID, hostID)
	if err != nil {
		return found(err, "job host")
	}
	return writeEvent(ctx, q, eventJobHostChanged, jobID+"/"+hostID, groups, false, map[string]string{
		"job_id": jobID, "host_id": hostID, "status": string(st), "phase": string(ph), "reason": string(reason),
	})
}
