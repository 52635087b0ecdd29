package store

import (
	"context"
	"math"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// PollShards divides the hosts that have enabled checks into stretches of size hosts of one zone, or of so many more that they are
// not more than most, besides the last one of each zone.
func (s *Store) PollShards(ctx context.Context, size, most int) ([]fleet.Shard, error) {
	return s.shards(ctx, size, most, true)
}

// InventoryShards is PollShards for all hosts.
func (s *Store) InventoryShards(ctx context.Context, size, most int) ([]fleet.Shard, error) {
	return s.shards(ctx, size, most, false)
}

func (s *Store) shards(ctx context.Context, size, most int, withChecks bool) ([]fleet.Shard, error) {
	rows, err := s.q.HostShards(ctx, int64(size), int64(most), withChecks)
	if err != nil {
		return nil, translate(err)
	}
	shards := make([]fleet.Shard, len(rows))
	for i, row := range rows {
		shards[i] = fleet.Shard{Zone: row.Zone, Hosts: int(row.Hosts)}
		if i > 0 && rows[i-1].Zone == row.Zone {
			shards[i].First, shards[i-1].End = row.ID, row.ID
		}
	}
	return shards, nil
}

// ShardChecks returns the next hosts of a shard that have enabled checks, at most limit, those with an id after the given
// one. None means that the shard is through.
func (s *Store) ShardChecks(ctx context.Context, shard fleet.Shard, after string, limit int) ([]fleet.HostChecks, error) {
	endpoints, err := s.shardHosts(ctx, shard, after, limit, true)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(endpoints))
	for i, e := range endpoints {
		ids[i] = e.HostID
	}
	rows, err := s.q.EnabledChecks(ctx, ids)
	if err != nil {
		return nil, translate(err)
	}
	byHost := map[string][]fleet.Check{}
	for _, row := range rows {
		byHost[row.HostID] = append(byHost[row.HostID], toCheck(row))
	}
	hosts := make([]fleet.HostChecks, len(endpoints))
	for i, e := range endpoints {
		hosts[i] = fleet.HostChecks{Endpoint: e, Checks: byHost[e.HostID]}
	}
	return hosts, nil
}

// ShardHosts is ShardChecks for all hosts, those without checks too.
func (s *Store) ShardHosts(ctx context.Context, shard fleet.Shard, after string, limit int) ([]fleet.Endpoint, error) {
	return s.shardHosts(ctx, shard, after, limit, false)
}

func (s *Store) shardHosts(
	ctx context.Context, shard fleet.Shard, after string, limit int, withChecks bool,
) ([]fleet.Endpoint, error) {
	rows, err := s.q.ShardHosts(ctx, sqlgen.ShardHostsParams{
		Zone: shard.Zone, FirstID: orNull(shard.First), EndID: orNull(shard.End), AfterID: orNull(after),
		WithChecks: withChecks, MaxRows: maxRows(limit),
	})
	if err != nil {
		return nil, translate(err)
	}
	endpoints := make([]fleet.Endpoint, len(rows))
	for i, row := range rows {
		endpoints[i] = fleet.Endpoint{HostID: row.ID, FQDN: row.FQDN, Address: row.Address, Port: int(row.AgentPort)}
	}
	return endpoints, nil
}

// CountChecks counts the enabled checks of the hosts of a shard with an id after the given one.
func (s *Store) CountChecks(ctx context.Context, shard fleet.Shard, after string) (int, error) {
	n, err := s.q.CountShardChecks(ctx, shard.Zone, orNull(shard.First), orNull(shard.End), orNull(after))
	return int(n), translate(err)
}

// CountHosts counts the hosts of a shard with an id after the given one.
func (s *Store) CountHosts(ctx context.Context, shard fleet.Shard, after string) (int, error) {
	n, err := s.q.CountShardHosts(ctx, shard.Zone, orNull(shard.First), orNull(shard.End), orNull(after))
	return int(n), translate(err)
}

// CheckWithHost returns a check with its sealed password and how its host is dialled, for whoever is about to run it. It
// fails with KindNotFound where the host does not have that check.
func (s *Store) CheckWithHost(ctx context.Context, hostID, checkID string) (fleet.HostChecks, error) {
	row, err := s.q.CheckWithHost(ctx, checkID, hostID)
	if err != nil {
		return fleet.HostChecks{}, found(err, "health check")
	}
	return fleet.HostChecks{
		Endpoint: fleet.Endpoint{HostID: row.Host.ID, FQDN: row.Host.FQDN, Address: row.Host.Address, Port: int(row.Host.AgentPort)},
		Checks:   []fleet.Check{toCheck(row.HostHealthCheck)},
	}, nil
}

// maxRows is a limit as Postgres takes it.
func maxRows(limit int) int32 { return int32(min(max(limit, 0), math.MaxInt32)) }
