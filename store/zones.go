package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/patch-manager/patch-manager/fleet"
)

// ServeZones records that a worker process serves zones at this moment, by the clock of the database. It is to be said
// again every ten seconds.
func (s *Store) ServeZones(ctx context.Context, workerID string, zones []string) error {
	return translate(s.q.ServeZones(ctx, workerID, zones))
}

// LeaveZones records that a worker process serves no zone any more.
func (s *Store) LeaveZones(ctx context.Context, workerID string) error {
	return translate(s.q.LeaveZones(ctx, workerID))
}

// Zones returns the zones of the hosts that scope covers, in order of their names; for all hosts also those that only have
// workers.
func (s *Store) Zones(ctx context.Context, scope fleet.Scope, f fleet.ZoneFilter) ([]fleet.ZoneView, error) {
	rows, err := s.q.ListZones(ctx, scope.All, scope.Groups, f.After, maxRows(f.Limit))
	if err != nil {
		return nil, fmt.Errorf("list zones: %w", translate(err))
	}
	zones := make([]fleet.ZoneView, len(rows))
	for i, r := range rows {
		zones[i] = fleet.ZoneView{Zone: zone(r.Zone, r.Workers, r.LastSeenAt), Hosts: int(r.Hosts)}
	}
	return zones, nil
}

// zoneOfHost is nil where there is no such host any more.
func (s *Store) zoneOfHost(ctx context.Context, scope fleet.Scope, hostID string) (*fleet.Zone, error) {
	row, err := s.q.ZoneOfHost(ctx, hostID, scope.All, scope.Groups)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read zone of host: %w", translate(err))
	}
	z := zone(row.Zone, row.Workers, row.LastSeenAt)
	return &z, nil
}

func zone(name string, workers int32, lastSeenAt *time.Time) fleet.Zone {
	return fleet.Zone{Name: name, ZonePresence: fleet.ZonePresence{Workers: int(workers), LastSeenAt: lastSeenAt}}
}
