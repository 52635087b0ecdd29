package store

import (
	"context"
	"fmt"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// FleetJobHosts returns the job hosts of all jobs that scope covers, what gives up first first, and how many there are.
func (s *Store) FleetJobHosts(ctx context.Context, scope fleet.Scope, f fleet.FleetJobHostFilter) ([]fleet.FleetJobHost, int, error) {
	statuses := make([]string, len(f.Statuses))
	for i, status := range f.Statuses {
		statuses[i] = string(status)
	}
	p := sqlgen.ListFleetJobHostsParams{
		Statuses: statuses, HostID: orNull(f.HostID), Unfinished: f.Unfinished, Every: scope.All, Scope: scope.Groups,
		MaxRows: int32(f.Limit), //nolint:gosec // a page
	}
	if f.After != nil {
		p.AfterFinished, p.AfterClosesAt, p.AfterUpdatedAt = f.After.Finished, f.After.ClosesAt, f.After.UpdatedAt
		p.AfterJobID, p.AfterHostID = &f.After.JobID, &f.After.HostID
	}
	rows, err := s.q.ListFleetJobHosts(ctx, p)
	if err != nil {
		return nil, 0, fmt.Errorf("list job hosts: %w", translate(err))
	}
	total, err := s.q.CountFleetJobHosts(ctx, sqlgen.CountFleetJobHostsParams{
		Statuses: statuses, HostID: p.HostID, Unfinished: f.Unfinished, Every: scope.All, Scope: scope.Groups,
	})
	if err != nil {
		return nil, 0, fmt.Errorf("count job hosts: %w", translate(err))
	}
	hosts := make([]fleet.FleetJobHost, len(rows))
	for i, row := range rows {
		if hosts[i].JobHostView, err = jobHostView(row.JobHost); err != nil {
			return nil, 0, err
		}
		hosts[i].Key = fleet.FleetJobHostKey{
			Finished: row.Finished, ClosesAt: row.ClosesAt.UTC(), UpdatedAt: row.JobHost.UpdatedAt.UTC(), JobID: row.JobHost.JobID, HostID: row.JobHost.HostID,
		}
	}
	return hosts, int(total), nil
}
