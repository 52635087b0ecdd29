package store

import (
	"context"
	"time"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// Jobs returns the jobs of which scope covers a host, the newest first. Their counts are of the hosts it covers.
func (s *Store) Jobs(ctx context.Context, scope fleet.Scope, f fleet.JobFilter) ([]fleet.JobView, error) {
	if f.GroupID != "" && !scope.HoldsGroup(f.GroupID) {
		return []fleet.JobView{}, nil
	}
	p := sqlgen.ListJobsParams{
		Every: scope.All, Scope: scope.Groups, HostID: orNull(f.HostID), GroupID: orNull(f.GroupID), MaxRows: int32(f.Limit), //nolint:gosec // a page
	}
	if f.After != nil {
		p.AfterCreatedAt, p.AfterID = &f.After.CreatedAt, &f.After.ID
	}
	return s.listJobs(ctx, scope, p)
}

// Job returns one job of which scope covers a host.
func (s *Store) Job(ctx context.Context, scope fleet.Scope, id string) (fleet.JobView, error) {
	jobs, err := s.listJobs(ctx, scope, sqlgen.ListJobsParams{Every: scope.All, Scope: scope.Groups, ID: &id, MaxRows: 1})
	if err != nil {
		return fleet.JobView{}, err
	}
	if len(jobs) == 0 {
		return fleet.JobView{}, errNoJob
	}
	return jobs[0], nil
}

var (
	errNoJob     = fleet.NotFound("job")
	errNoJobHost = fleet.NotFound("job host")
)

func (s *Store) listJobs(ctx context.Context, scope fleet.Scope, p sqlgen.ListJobsParams) ([]fleet.JobView, error) {
	rows, err := s.q.ListJobs(ctx, p)
	if err != nil {
		return nil, translate(err)
	}
	jobs, at := make([]fleet.JobView, len(rows)), make(map[string]int, len(rows))
	ids := make([]string, len(rows))
	for i, row := range rows {
		jobs[i], ids[i], at[row.ID] = jobView(row), row.ID, i
	}
	counts, err := s.q.CountJobHosts(ctx, ids, scope.All, scope.Groups)
	if err != nil {
		return nil, translate(err)
	}
	for _, c := range counts {
		job := jobs[at[c.JobID]]
		job.ByStatus[fleet.Status(c.Status)] += int(c.Hosts)
		if c.Reason != nil {
			job.ByReason[fleet.Reason(*c.Reason)] += int(c.Hosts)
		}
	}
	return jobs, nil
}

func jobView(r sqlgen.ListJobsRow) fleet.JobView {
	return fleet.JobView{
		ID: r.ID, CreatedBy: r.CreatedBy, CreatedByName: r.CreatedByName, CreatedAt: r.CreatedAt, GroupIDs: r.GroupIDs,
		Packages: r.Packages, Immediate: r.Immediate, NotBefore: r.NotBefore, AllowReboot: r.AllowReboot,
		MaxParallel: r.MaxParallel, MaxFailures: r.MaxFailures,
		GateTimeout: time.Duration(r.GateTimeoutSeconds) * time.Second, MaxWait: time.Duration(r.MaxWaitSeconds) * time.Second,
		Notes: r.Notes, RetryOf: r.RetryOf, CancelRequestedAt: r.CancelRequestedAt,
		CancelRequestedBy: deref(r.CancelRequestedBy), RunID: r.RunID, StartedAt: r.StartedAt, CompletedAt: r.CompletedAt,
		ByStatus: map[fleet.Status]int{}, ByReason: map[fleet.Reason]int{},
	}
}
