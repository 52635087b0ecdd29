package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/patch-manager/patch-manager/fleet"
)

// hostQuery reads the ids of the hosts that match; what lists, counts, exports and jobs mean by a filter is one thing.
type hostQuery struct {
	where  []string
	health bool   // joins joinHealth
	late   string // the condition of joinHealth
	args   pgx.NamedArgs
}

// joinHealth joins what the database keeps of each host's health, and what is so instead where some result is too old. Those
// hosts are few unless nothing polls.
const joinHealth = `
join host_health hh on hh.host_id = h.id
left join (
    select c.host_id,
        case when count(*) filter (where s.checked_at >= @stale_before and s.shown = 'unhealthy') > 0 then 0
            when count(*) > count(*) filter (where s.checked_at >= @stale_before and s.shown = 'healthy') then 1
            else 3 end as health,
        coalesce(bool_or(s.checked_at < @stale_before and s.checked_at >= @kept_since), false) as stale
    from host_health_checks c
    left join health_check_states s on s.check_id = c.id
    where c.enabled and %s
    group by c.host_id
) old on old.host_id = h.id`

// The conditions of joinHealth for the hosts that are looked at.
const (
	lateNow = `c.host_id = any(array(
        select o.host_id from health_check_states o join host_health_checks oc on oc.id = o.check_id and oc.enabled
        where o.checked_at < @stale_before))`
	lateKnown = "c.host_id = any(@late::uuid[])"
	lateMany  = "true"
)

// healthRank is HealthSummary.State in SQL, as its Rank.
const healthRank = "coalesce(old.health, hh.health)"

// isStale is ResultAges.Stale in SQL.
const isStale = "coalesce(old.stale, false)"

// groupCondition asks for a group within the scope, so that a filter never tells of groups outside of it.
const groupCondition = `exists (select 1 from group_hosts gh
    where gh.host_id = h.id and gh.group_id = @group_id and (@every::boolean or gh.group_id = any(@scope::uuid[])))`

// matchHosts is the query of the hosts that match, with old results as they were looked for within the last seconds. Sort may be
// empty.
func (s *Store) matchHosts(ctx context.Context, scope fleet.Scope, m fleet.HostMatch, sort fleet.HostSort) (*hostQuery, error) {
	q := matchHostsNow(scope, m)
	if sort.Column() == fleet.HostsByHealth {
		q.health = true
	}
	if !q.health {
		return q, nil
	}
	found, err := s.late.from(ctx, m.Ages.StaleBefore)
	if err != nil {
		return nil, translate(err)
	}
	q.late, q.args["late"] = lateKnown, found.hosts
	if found.many {
		q.late = lateMany
	}
	return q, nil
}

// matchHostsNow is matchHosts for a transaction, which looks for old results itself.
func matchHostsNow(scope fleet.Scope, m fleet.HostMatch) *hostQuery {
	q := &hostQuery{late: lateNow, args: viewArgs(scope, m.Ages)}
	q.when(!scope.All, "h.id in (select gh.host_id from group_hosts gh where gh.group_id = any(@scope::uuid[]))", nil)
	q.when(m.Text != "", "position(lower(@text) in h.search) > 0", pgx.NamedArgs{"text": m.Text})
	q.when(m.GroupID != "", groupCondition, pgx.NamedArgs{"group_id": m.GroupID})
	q.when(m.Zone != "", "h.zone = @zone", pgx.NamedArgs{"zone": m.Zone})
	q.when(m.Agent != "", "h.agent_reachable is not distinct from @agent::boolean", pgx.NamedArgs{"agent": reachable(m.Agent)})
	q.when(m.RebootRequired != nil, "h.reboot_required = @reboot", pgx.NamedArgs{"reboot": m.RebootRequired})
	q.when(m.PendingPatches != nil, "(h.pending_patches > 0) = @pending", pgx.NamedArgs{"pending": m.PendingPatches})
	q.whenHealth(m.Stale != nil, isStale+" = @stale", pgx.NamedArgs{"stale": m.Stale})
	q.whenHealth(m.Health != "", healthRank+" = @health", pgx.NamedArgs{"health": m.Health.Rank()})
	q.when(m.CertificateExpiring != nil, "coalesce(h.certificate_expires_at < @expiring_before, false) = @expiring",
		pgx.NamedArgs{"expiring": m.CertificateExpiring, "expiring_before": m.ExpiringBefore})
	for i, l := range m.Labels {
		name, value := fmt.Sprintf("label%d", i), fmt.Sprintf("value%d", i)
		q.when(true, fmt.Sprintf("h.labels ? @%s and (@%s::text is null or h.labels ->> @%s = @%s)", name, value, name, value),
			pgx.NamedArgs{name: l.Name, value: l.Value})
	}
	return q
}

func (q *hostQuery) when(asked bool, condition string, args pgx.NamedArgs) {
	if !asked {
		return
	}
	q.where = append(q.where, condition)
	for name, value := range args {
		q.args[name] = value
	}
}

func (q *hostQuery) whenHealth(asked bool, condition string, args pgx.NamedArgs) {
	q.health = q.health || asked
	q.when(asked, condition, args)
}

func reachable(a fleet.AgentState) *bool {
	if a == fleet.AgentUnknown {
		return nil
	}
	yes := a == fleet.AgentReachable
	return &yes
}

// from is what follows the columns of a query.
func (q *hostQuery) from() string {
	from := " from hosts h"
	if q.health {
		from += fmt.Sprintf(joinHealth, q.late)
	}
	return from + " where " + strings.Join(append([]string{"true"}, q.where...), " and ")
}

// page is the query of the ids and sort keys of a page.
func (q *hostQuery) page(f fleet.HostFilter) string {
	key := q.sortKey(f.Sort)
	if f.After != nil {
		q.follow(f, key)
	}
	q.args["max_rows"] = f.Limit
	return "select h.id, " + key.sql + " as key" + q.from() + orderOf(f.Sort, "key", "h.id") + " limit @max_rows"
}

// sortKey is an expression that hosts are sorted by.
type sortKey struct {
	sql      string
	param    string // the value to follow
	nullable bool
}

func (q *hostQuery) sortKey(sort fleet.HostSort) sortKey {
	switch sort.Column() {
	case fleet.HostsByHealth:
		return sortKey{sql: healthRank, param: "@after_number::integer"}
	case fleet.HostsByPending:
		return sortKey{sql: "h.pending_patches", param: "@after_number::integer", nullable: true}
	case fleet.HostsByLastSeen:
		return sortKey{sql: "h.agent_last_seen_at", param: "@after_at::timestamptz", nullable: true}
	default:
		return sortKey{sql: "lower(h.fqdn)", param: "lower(@after_fqdn::text)"}
	}
}

// follow narrows the query to what comes after a host. Those without a value come after all that have one.
func (q *hostQuery) follow(f fleet.HostFilter, key sortKey) {
	than := ">"
	if f.Sort.Descending() {
		than = "<"
	}
	q.args["after_fqdn"], q.args["after_number"], q.args["after_at"], q.args["after_id"] = f.After.FQDN, f.After.Number, f.After.At, f.After.ID
	condition := fmt.Sprintf("(%s, h.id) %s (%s, @after_id::uuid)", key.sql, than, key.param)
	switch {
	case key.nullable && f.After.Number == nil && f.After.At == nil:
		condition = fmt.Sprintf("%s is null and h.id %s @after_id::uuid", key.sql, than)
	case key.nullable:
		condition = fmt.Sprintf("(%s or %s is null)", condition, key.sql)
	}
	q.where = append(q.where, condition)
}

func orderOf(sort fleet.HostSort, key, id string) string {
	if sort.Descending() {
		return fmt.Sprintf(" order by %s desc nulls last, %s desc", key, id)
	}
	return fmt.Sprintf(" order by %s nulls last, %s", key, id)
}
