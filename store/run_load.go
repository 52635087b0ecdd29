package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// Run reads all that a decision about one host of one job may look at. It fails with KindNotFound where the job does
// not have that host.
func (s *Store) Run(ctx context.Context, jobID, hostID string) (fleet.Run, error) {
	r, err := loadRun(ctx, s.q, jobID, hostID)
	return r, translate(err)
}

func loadRun(ctx context.Context, q *sqlgen.Queries, jobID, hostID string) (fleet.Run, error) {
	row, err := q.RunRow(ctx, jobID, hostID)
	if err != nil {
		return fleet.Run{}, found(err, "job host")
	}
	r := fleet.Run{Job: toRunJob(row.Job, row.Failures), Now: row.Now}
	if r.Row, err = toRunRow(row.JobHost); err != nil {
		return fleet.Run{}, err
	}
	if err := loadRunHost(ctx, q, &r, hostID); err != nil {
		return fleet.Run{}, err
	}
	attempts, err := q.RunAttempts(ctx, jobID, hostID)
	if err != nil {
		return fleet.Run{}, fmt.Errorf("read attempts: %w", err)
	}
	return r, addAttempts(&r, attempts)
}

func loadRunHost(ctx context.Context, q *sqlgen.Queries, r *fleet.Run, hostID string) error {
	host, err := q.RunHost(ctx, hostID)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read host: %w", err)
	}
	r.Host = &fleet.Host{
		ID: host.ID, FQDN: host.FQDN, Address: host.Address, AgentPort: int(host.AgentPort), Zone: host.Zone,
		InheritWindows: host.InheritWindows,
	}
	windows, err := windowsForHosts(ctx, q, []string{hostID})
	if err != nil {
		return err
	}
	r.Windows = windows[hostID]
	rows, err := q.RunEvidence(ctx, hostID)
	if err != nil {
		return fmt.Errorf("read checks: %w", err)
	}
	for _, row := range rows {
		r.Evidence = append(r.Evidence, toEvidence(row))
	}
	return nil
}

func toEvidence(row sqlgen.RunEvidenceRow) fleet.Evidence {
	e := fleet.Evidence{Check: toCheck(row.HostHealthCheck)}
	if row.CheckedAt != nil {
		e.Result = &fleet.Result{
			CheckID: e.Check.ID, HostID: e.Check.HostID, Outcome: fleet.Outcome(deref(row.Outcome)), Detail: deref(row.Detail),
			Latency: time.Duration(deref(row.LatencyMs)) * time.Millisecond, CheckedAt: *row.CheckedAt,
		}
	}
	return e
}

func toRunJob(j sqlgen.Job, failures int64) fleet.RunJob {
	return fleet.RunJob{
		ID: j.ID, CreatedAt: j.CreatedAt, Packages: j.Packages, Immediate: j.Immediate, NotBefore: j.NotBefore,
		AllowReboot: j.AllowReboot, MaxParallel: int(j.MaxParallelHosts), MaxFailures: int(j.MaxFailuresHosts),
		GateTimeout: time.Duration(j.GateTimeoutSeconds) * time.Second, MaxWait: time.Duration(j.MaxWaitSeconds) * time.Second,
		CancelRequested: j.CancelRequestedAt != nil, CancelledBy: deref(j.CancelRequestedBy), Failures: int(failures),
	}
}

func toRunRow(h sqlgen.JobHost) (fleet.RunRow, error) {
	r := fleet.RunRow{
		HostID: h.HostID, FQDN: h.FQDN, Zone: h.Zone, Status: fleet.Status(h.Status), Phase: fleet.Phase(deref(h.Phase)),
		Reason: fleet.Reason(deref(h.Reason)), Detail: h.Detail, Attempted: h.Attempted, SpanEnteredAt: h.SpanEnteredAt,
		GateStartedAt: h.GateStartedAt, SlotWaitStarted: h.SlotWaitStartedAt,
		SlotWait:        time.Duration(h.SlotWaitSeconds * float64(time.Second)),
		CancelRequested: h.CancelRequestedAt != nil, CancelledBy: deref(h.CancelRequestedBy),
	}
	if h.SpanStartsAt != nil {
		r.Span = &fleet.Span{Start: *h.SpanStartsAt, LastStart: deref(h.SpanLastStartAt), End: deref(h.SpanEndsAt)}
	}
	if len(h.Wait) > 0 && string(h.Wait) != "null" {
		r.Wait = &fleet.Wait{}
		if err := json.Unmarshal(h.Wait, r.Wait); err != nil {
			return fleet.RunRow{}, fmt.Errorf("read wait of job host: %w", err)
		}
	}
	return r, nil
}

func addAttempts(r *fleet.Run, attempts []sqlgen.PatchAttempt) error {
	for _, row := range attempts {
		if fleet.AttemptState(row.State) == fleet.AttemptRefused {
			r.Refusals++
			continue
		}
		a, err := toAttempt(row)
		if err != nil {
			return err
		}
		r.Attempt = &a
	}
	return nil
}

func toAttempt(row sqlgen.PatchAttempt) (fleet.Attempt, error) {
	a := fleet.Attempt{
		ID: row.ID, Number: int(row.Number), State: fleet.AttemptState(row.State), PreparedAt: row.PreparedAt,
		SendBefore: row.SendBefore, AgentJobsSeen: row.AgentJobsSeen, AgentJobID: deref(row.AgentJobID),
		RebootState: fleet.RebootState(deref(row.RebootState)), RebootAt: row.RebootRequestedAt,
		SlotReleasedAt: row.SlotReleasedAt, FinishedAt: row.FinishedAt,
	}
	if err := json.Unmarshal(row.Packages, &a.Packages); err != nil {
		return fleet.Attempt{}, fmt.Errorf("read packages of attempt: %w", err)
	}
	return a, nil
}

// KnownAgentJobs returns the ids of the jobs of a host's agent that an attempt of ours already accounts for.
func (s *Store) KnownAgentJobs(ctx context.Context, hostID string) ([]string, error) {
	ids, err := s.q.KnownAgentJobs(ctx, hostID)
	return ids, translate(err)
}
