package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// maxEvaluations bounds the evaluations that one answer shows; the newest are shown.
const maxEvaluations = 200

// JobHosts returns the hosts of a job that scope covers, in the order that the filter asks for.
func (s *Store) JobHosts(ctx context.Context, scope fleet.Scope, jobID string, f fleet.JobHostFilter) ([]fleet.PlacedJobHost, error) {
	if err := jobSeen(ctx, s.q, scope, jobID); err != nil {
		return nil, translate(err)
	}
	p := sqlgen.ListJobHostsParams{
		JobID: jobID, Status: string(f.Status), Text: f.Text, Every: scope.All, Scope: scope.Groups, MaxRows: int32(f.Limit), //nolint:gosec // a page
		SortBy: string(f.Sort.Column()), Descending: f.Sort.Descending(), StatusOrder: statusOrder(),
	}
	if f.After != nil {
		p.AfterKey, p.AfterHostID = f.After.Key, &f.After.HostID
	}
	return s.listJobHosts(ctx, p)
}

func (s *Store) listJobHosts(ctx context.Context, p sqlgen.ListJobHostsParams) ([]fleet.PlacedJobHost, error) {
	rows, err := s.q.ListJobHosts(ctx, p)
	if err != nil {
		return nil, translate(err)
	}
	hosts := make([]fleet.PlacedJobHost, len(rows))
	for i, row := range rows {
		if hosts[i].JobHostView, err = jobHostView(row.JobHost); err != nil {
			return nil, err
		}
		hosts[i].Place = fleet.JobHostPlace{Key: row.Key, HostID: row.JobHost.HostID}
	}
	return hosts, nil
}

func statusOrder() []string {
	names := make([]string, 0, 10)
	for _, status := range fleet.StatusOrder() {
		names = append(names, string(status))
	}
	return names
}

// JobHost returns one host of a job that scope covers, with the newest evaluations of its gate.
func (s *Store) JobHost(ctx context.Context, scope fleet.Scope, jobID, hostID string) (fleet.JobHostDetail, error) {
	var d fleet.JobHostDetail
	if err := jobSeen(ctx, s.q, scope, jobID); err != nil {
		return d, translate(err)
	}
	hosts, err := s.listJobHosts(ctx, sqlgen.ListJobHostsParams{
		JobID: jobID, HostID: &hostID, Every: scope.All, Scope: scope.Groups, MaxRows: 1,
	})
	if err != nil {
		return d, err
	}
	if len(hosts) == 0 {
		return d, errNoJobHost
	}
	d.JobHostView = hosts[0].JobHostView
	if d.Evaluations, err = s.evaluations(ctx, scope, jobID, hostID); err != nil {
		return d, err
	}
	if d.Packages, err = s.attemptPackages(ctx, scope, jobID, hostID); err != nil {
		return d, err
	}
	d.Zone, err = s.zoneOfHost(ctx, scope, hostID)
	return d, err
}

func (s *Store) evaluations(ctx context.Context, scope fleet.Scope, jobID, hostID string) ([]fleet.Evaluation, error) {
	rows, err := s.q.ListEvaluations(ctx, sqlgen.ListEvaluationsParams{
		JobID: jobID, HostID: hostID, Every: scope.All, Scope: scope.Groups, MaxRows: maxEvaluations,
	})
	if err != nil {
		return nil, translate(err)
	}
	out := make([]fleet.Evaluation, len(rows))
	for i, r := range rows {
		out[i] = fleet.Evaluation{At: r.At, Verdict: r.Verdict, Detail: r.Detail, NextTryAt: r.NextTryAt}
		if err := json.Unmarshal(r.Checks, &out[i].Checks); err != nil {
			return nil, fmt.Errorf("read gate evaluation: %w", err)
		}
	}
	slices.Reverse(out)
	return out, nil
}

func (s *Store) attemptPackages(ctx context.Context, scope fleet.Scope, jobID, hostID string) ([]fleet.PackageResult, error) {
	encoded, err := s.q.AttemptPackages(ctx, jobID, hostID, scope.All, scope.Groups)
	if errors.Is(err, pgx.ErrNoRows) {
		return []fleet.PackageResult{}, nil
	}
	if err != nil {
		return nil, translate(err)
	}
	var packages []fleet.PackageResult
	return packages, json.Unmarshal(encoded, &packages)
}

// Output returns lines of output of a job host that scope covers, those after the one at position after, in order.
func (s *Store) Output(ctx context.Context, scope fleet.Scope, jobID, hostID string, after, limit int) ([]fleet.OutputLine, error) {
	if err := jobHostSeen(ctx, s.q, scope, jobID, hostID); err != nil {
		return nil, translate(err)
	}
	rows, err := s.q.ListOutput(ctx, sqlgen.ListOutputParams{
		JobID: jobID, HostID: hostID, After: int32(after), Every: scope.All, Scope: scope.Groups, MaxRows: int32(limit), //nolint:gosec // bounded by the caller
	})
	if err != nil {
		return nil, translate(err)
	}
	lines := make([]fleet.OutputLine, len(rows))
	for i, r := range rows {
		lines[i] = fleet.OutputLine{Seq: int(r.Seq), At: r.At, Line: r.Line}
	}
	return lines, nil
}

// jobSeen fails where scope covers no host of the job.
func jobSeen(ctx context.Context, q *sqlgen.Queries, scope fleet.Scope, jobID string) error {
	seen, err := q.JobInScope(ctx, jobID, scope.All, scope.Groups)
	if err != nil {
		return fmt.Errorf("read scope of job: %w", err)
	}
	if !seen {
		return errNoJob
	}
	return nil
}

// jobHostSeen fails where scope does not cover the host of the job, and names the job where it covers none of it.
func jobHostSeen(ctx context.Context, q *sqlgen.Queries, scope fleet.Scope, jobID, hostID string) error {
	if err := jobSeen(ctx, q, scope, jobID); err != nil {
		return err
	}
	seen, err := q.JobHostInScope(ctx, jobID, hostID, scope.All, scope.Groups)
	if err != nil {
		return fmt.Errorf("read scope of job host: %w", err)
	}
	if !seen {
		return errNoJobHost
	}
	return nil
}

func jobHostView(r sqlgen.JobHost) (fleet.JobHostView, error) {
	row, err := toRunRow(r)
	if err != nil {
		return fleet.JobHostView{}, err
	}
	v := fleet.JobHostView{
		JobID: r.JobID, HostID: r.HostID, FQDN: r.FQDN, Zone: r.Zone, Status: row.Status, Phase: row.Phase,
		Reason: row.Reason, Detail: r.Detail, Attempted: r.Attempted, Span: row.Span, Wait: row.Wait,
		CancelRequestedAt: r.CancelRequestedAt, CancelRequestedBy: deref(r.CancelRequestedBy),
		AgentJobID: deref(r.AgentJobID), SettleNote: deref(r.SettleNote), UpdatedAt: r.UpdatedAt,
	}
	if r.Progress != nil {
		progress := int(*r.Progress)
		v.Progress = &progress
	}
	if err := json.Unmarshal(r.Times, &v.Times); err != nil {
		return v, fmt.Errorf("read times of job host: %w", err)
	}
	return v, nil
}
