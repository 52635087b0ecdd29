package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// What the health of a host is counted by: what its checks show, or, where it is about the gate, their last results.
const (
	byShown  = "s.shown"
	byResult = "s.outcome"
)

// hostSelect reads hosts with the health of their enabled checks; conditions and order follow it. It is written by hand
// because the conditions depend on the filter, and reading one host must not differ from reading many.
func hostSelect(by string) string {
	return hostColumns + `
from hosts h` + hostHealth(by) + joinPresence + `
where (@every or exists (select 1 from group_hosts gh where gh.host_id = h.id and gh.group_id = any(@scope)))`
}

const hostColumns = `
select h.id, h.fqdn, h.address, h.agent_port, h.display_name, h.labels, h.zone, h.inherit_windows,
    h.agent_reachable, h.agent_error, h.agent_version, h.agent_last_seen_at, h.certificate_expires_at,
    h.pending_patches, h.reboot_required, h.inventory_at, h.created_at, h.updated_at,
    array(select gh.group_id from group_hosts gh
          where gh.host_id = h.id and (@every::boolean or gh.group_id = any(@scope::uuid[])) order by 1) as group_ids,
    health.healthy, health.unhealthy, health.checks, health.oldest, coalesce(presence.workers, 0), presence.last_seen_at`

func hostHealth(by string) string {
	return `
cross join lateral (
    select count(*) as checks,
        count(*) filter (where s.checked_at >= @stale_before and ` + by + ` = 'healthy') as healthy,
        count(*) filter (where s.checked_at >= @stale_before and ` + by + ` = 'unhealthy') as unhealthy,
        min(s.checked_at) filter (where s.checked_at >= @kept_since) as oldest
    from host_health_checks c
    left join health_check_states s on s.check_id = c.id
    where c.host_id = h.id and c.enabled
) health`
}

// joinPresence is one look at the few workers there are, for however many hosts.
const joinPresence = `
left join zone_presence presence on presence.zone = h.zone`

// Hosts returns a page of the hosts of scope that match, in the order that the filter asks for.
func (s *Store) Hosts(ctx context.Context, scope fleet.Scope, f fleet.HostFilter) ([]fleet.HostView, error) {
	q, err := s.matchHosts(ctx, scope, f.HostMatch, f.Sort)
	if err != nil {
		return nil, err
	}
	page := q.page(f)
	sql := hostColumns + " from (" + page + ") page join hosts h on h.id = page.id" + hostHealth(byShown) + joinPresence +
		orderOf(f.Sort, "page.key", "page.id")
	return s.queryHosts(ctx, sql, q.args)
}

// TotalHosts returns how many hosts of scope match.
func (s *Store) TotalHosts(ctx context.Context, scope fleet.Scope, m fleet.HostMatch) (int, error) {
	q, err := s.matchHosts(ctx, scope, m, "")
	if err != nil {
		return 0, err
	}
	var n int
	if err := s.pool.QueryRow(ctx, "select count(*) from (select h.id"+q.from()+") matching", q.args).Scan(&n); err != nil {
		return 0, fmt.Errorf("count hosts: %w", translate(err))
	}
	return n, nil
}

// ExportHosts is Hosts for all hosts that match now, whatever the limit: the function it returns yields
// the next ones until there are none. Which they are and their order is read first, so that none is left out or comes
// twice because something changes meanwhile. It refuses more than most.
func (s *Store) ExportHosts(
	ctx context.Context, scope fleet.Scope, f fleet.HostFilter, most int,
) (func(context.Context) ([]fleet.HostView, error), error) {
	f.Limit = most + 1
	q, err := s.matchHosts(ctx, scope, f.HostMatch, f.Sort)
	if err != nil {
		return nil, err
	}
	ids, err := hostIDs(ctx, s.pool, "select id from ("+q.page(f)+") page"+orderOf(f.Sort, "page.key", "page.id"), q.args)
	if err != nil {
		return nil, err
	}
	if len(ids) > most {
		return nil, fleet.Invalid("format", "more than %d hosts match: ask for fewer, for example by zone or group_id", most)
	}
	return func(ctx context.Context) ([]fleet.HostView, error) {
		for len(ids) > 0 {
			n := min(exportPage, len(ids))
			page, err := s.hostsInOrder(ctx, scope, ids[:n], f.Ages)
			if ids = ids[n:]; err != nil || len(page) > 0 {
				return page, err
			}
		}
		return nil, nil
	}, nil
}

func (s *Store) hostsInOrder(ctx context.Context, scope fleet.Scope, ids []string, ages fleet.ResultAges) ([]fleet.HostView, error) {
	args := viewArgs(scope, ages)
	args["ids"] = ids
	return s.queryHosts(ctx, hostSelect(byShown)+" and h.id = any(@ids::uuid[]) order by array_position(@ids::uuid[], h.id)", args)
}

func hostIDs(ctx context.Context, db sqlgen.DBTX, sql string, args pgx.NamedArgs) ([]string, error) {
	rows, err := db.Query(ctx, sql, args)
	if err != nil {
		return nil, fmt.Errorf("query hosts: %w", translate(err))
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("query hosts: %w", translate(err))
	}
	return ids, nil
}

// Host returns one host of scope. Ages says which results count.
func (s *Store) Host(ctx context.Context, scope fleet.Scope, id string, ages fleet.ResultAges) (fleet.HostView, error) {
	args := viewArgs(scope, ages)
	args["id"] = id
	hosts, err := s.queryHosts(ctx, hostSelect(byShown)+" and h.id = @id", args)
	if err != nil {
		return fleet.HostView{}, err
	}
	if len(hosts) == 0 {
		return fleet.HostView{}, fleet.NotFound("host")
	}
	return hosts[0], nil
}

func viewArgs(scope fleet.Scope, ages fleet.ResultAges) pgx.NamedArgs {
	return pgx.NamedArgs{"every": scope.All, "scope": scope.Groups, "stale_before": ages.StaleBefore, "kept_since": ages.KeptSince}
}

func (s *Store) queryHosts(ctx context.Context, sql string, args pgx.NamedArgs) ([]fleet.HostView, error) {
	rows, err := s.pool.Query(ctx, sql, args)
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
		&h.GroupIDs, &h.Health.Healthy, &h.Health.Unhealthy, &checks, &h.Health.OldestResultAt,
		&h.Presence.Workers, &h.Presence.LastSeenAt)
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
