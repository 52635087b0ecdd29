package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/patch-manager/patch-manager/fleet"
)

// hostSelect reads hosts with the health of their enabled checks; conditions and order follow it. It is written by hand
// because the conditions depend on the filter, and reading one host must not differ from reading many.
const hostSelect = `
select h.id, h.fqdn, h.address, h.agent_port, h.display_name, h.labels, h.zone, h.inherit_windows,
    h.agent_reachable, h.agent_error, h.agent_version, h.agent_last_seen_at, h.certificate_expires_at,
    h.pending_patches, h.reboot_required, h.inventory_at, h.created_at, h.updated_at,
    array(select gh.group_id from group_hosts gh
          where gh.host_id = h.id and (@every::boolean or gh.group_id = any(@scope::uuid[])) order by 1) as group_ids,
    health.healthy, health.unhealthy, health.checks, health.oldest
from hosts h
cross join lateral (
    select count(*) as checks,
        count(*) filter (where s.checked_at >= @stale_before and s.outcome = 'healthy') as healthy,
        count(*) filter (where s.checked_at >= @stale_before and s.outcome = 'unhealthy') as unhealthy,
        min(s.checked_at) filter (where s.checked_at >= @kept_since) as oldest
    from host_health_checks c
    left join health_check_states s on s.check_id = c.id
    where c.host_id = h.id and c.enabled
) health
where (@every or exists (select 1 from group_hosts gh where gh.host_id = h.id and gh.group_id = any(@scope)))`

// healthCondition is HealthSummary.State in SQL.
const healthCondition = `
case when health.unhealthy > 0 then 'unhealthy' when health.checks > health.healthy then 'unknown'
    when health.healthy > 0 then 'healthy' else 'none' end = @health`

// groupCondition asks for a group within the scope, so that a filter never tells of groups outside of it.
const groupCondition = `
exists (select 1 from group_hosts gh
        where gh.host_id = h.id and gh.group_id = @group_id and (@every or gh.group_id = any(@scope)))`

// Hosts returns the hosts of scope that pass the filter, in order of their fqdn.
func (s *Store) Hosts(ctx context.Context, scope fleet.Scope, f fleet.HostFilter) ([]fleet.HostView, error) {
	where, args := hostConditions(scope, f)
	return s.queryHosts(ctx, where+" order by lower(h.fqdn) limit @max_rows", args)
}

// Host returns one host of scope. Ages says which results count.
func (s *Store) Host(ctx context.Context, scope fleet.Scope, id string, ages fleet.ResultAges) (fleet.HostView, error) {
	args := pgx.NamedArgs{"every": scope.All, "scope": scope.Groups, "stale_before": ages.StaleBefore, "kept_since": ages.KeptSince, "id": id}
	hosts, err := s.queryHosts(ctx, " and h.id = @id", args)
	if err != nil {
		return fleet.HostView{}, err
	}
	if len(hosts) == 0 {
		return fleet.HostView{}, fleet.NotFound("host")
	}
	return hosts[0], nil
}

func hostConditions(scope fleet.Scope, f fleet.HostFilter) (string, pgx.NamedArgs) {
	var where strings.Builder
	args := pgx.NamedArgs{
		"every": scope.All, "scope": scope.Groups, "stale_before": f.Ages.StaleBefore, "kept_since": f.Ages.KeptSince, "max_rows": f.Limit,
		"after": f.After, "text": f.Text, "group_id": f.GroupID, "zone": f.Zone, "health": string(f.Health),
	}
	when := func(asked bool, condition string) {
		if asked {
			where.WriteString(" and " + condition)
		}
	}
	when(f.After != "", "lower(h.fqdn) > lower(@after)")
	when(f.Text != "", "position(lower(@text) in lower(concat_ws(' ', h.fqdn, h.display_name, h.address))) > 0")
	when(f.GroupID != "", groupCondition)
	when(f.Zone != "", "h.zone = @zone")
	when(f.Health != "", healthCondition)
	for i, l := range f.Labels {
		name, value := fmt.Sprintf("label%d", i), fmt.Sprintf("value%d", i)
		args[name], args[value] = l.Name, l.Value
		fmt.Fprintf(&where, " and h.labels ? @%s and (@%s::text is null or h.labels ->> @%s = @%s)", name, value, name, value)
	}
	return where.String(), args
}

func (s *Store) queryHosts(ctx context.Context, where string, args pgx.NamedArgs) ([]fleet.HostView, error) {
	rows, err := s.pool.Query(ctx, hostSelect+where, args)
	if err != nil {
		return nil, fmt.Errorf("query hosts: %w", translate(err))
	}
	hosts, err := pgx.CollectRows(rows, scanHost)
	if err != nil {
		return nil, fmt.Errorf("query hosts: %w", translate(err))
	}
	return hosts, nil
}

func scanHost(row pgx.CollectableRow) (fleet.HostView, error) {
	var h fleet.HostView
	var checks int
	var labels []byte
	err := row.Scan(&h.ID, &h.FQDN, &h.Address, &h.AgentPort, &h.DisplayName, &labels, &h.Zone, &h.InheritWindows,
		&h.Agent.Reachable, &h.Agent.Error, &h.Agent.Version, &h.Agent.LastSeenAt, &h.Agent.CertificateExpiresAt,
		&h.PendingPatches, &h.RebootRequired, &h.InventoryAt, &h.CreatedAt, &h.UpdatedAt,
		&h.GroupIDs, &h.Health.Healthy, &h.Health.Unhealthy, &checks, &h.Health.OldestResultAt)
	if err != nil {
		return h, err
	}
	h.Health.Unknown = checks - h.Health.Healthy - h.Health.Unhealthy
	return h, json.Unmarshal(labels, &h.Labels)
}

// HostInventory returns what the agent of a host last said of its packages, nil where it never did.
func (s *Store) HostInventory(ctx context.Context, scope fleet.Scope, id string) (*fleet.HostInventory, error) {
	seen, err := s.q.HostSeen(ctx, id, scope.All, scope.Groups)
	if err != nil {
		return nil, translate(err)
	}
	if !seen {
		return nil, fleet.NotFound("host")
	}
	row, err := s.q.HostInventory(ctx, id, scope.All, scope.Groups)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, translate(err)
	}
	inv := &fleet.HostInventory{
		At: row.At, OS: row.OS, OSVersion: row.OSVersion, Kernel: row.Kernel, Architecture: row.Architecture,
		CacheStatus: row.CacheStatus, LastCacheUpdate: row.LastCacheUpdate, RebootRequired: row.RebootRequired,
	}
	return inv, json.Unmarshal(row.Patches, &inv.Patches)
}
