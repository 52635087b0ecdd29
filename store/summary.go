package store

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/patch-manager/patch-manager/fleet"
)

// Summary counts what scope covers. The match is of all hosts, and says what is old and what ends soon.
func (s *Store) Summary(ctx context.Context, scope fleet.Scope, all fleet.HostMatch) (fleet.Summary, error) {
	sum, err := s.countFleet(ctx, scope, all)
	if err != nil {
		return sum, fmt.Errorf("count hosts: %w", translate(err))
	}
	ids, err := s.q.SeenUnfinishedJobs(ctx, scope.All, scope.Groups)
	if err != nil {
		return sum, fmt.Errorf("read unfinished jobs: %w", translate(err))
	}
	counts, err := s.q.CountJobHosts(ctx, ids, scope.All, scope.Groups)
	if err != nil {
		return sum, fmt.Errorf("count job hosts: %w", translate(err))
	}
	jobs := make(map[string]map[fleet.Status]int, len(ids))
	for _, c := range counts {
		if jobs[c.JobID] == nil {
			jobs[c.JobID] = map[fleet.Status]int{}
		}
		jobs[c.JobID][fleet.Status(c.Status)] += int(c.Hosts)
	}
	sum.CountJobs(slices.Collect(maps.Values(jobs)))
	return sum, nil
}

// countFleet counts hosts in one statement, by what the filters of matchHosts mean.
func (s *Store) countFleet(ctx context.Context, scope fleet.Scope, all fleet.HostMatch) (fleet.Summary, error) {
	var sum fleet.Summary
	q, err := s.matchHosts(ctx, scope, all, fleet.HostsByHealth)
	if err != nil {
		return sum, err
	}
	q.args["expiring_before"] = all.ExpiringBefore
	var healthy, unhealthy, unknown, none, reachable, unreachable, unasked int
	err = s.pool.QueryRow(ctx, `
select count(*), count(*) filter (where health = 3), count(*) filter (where health = 0), count(*) filter (where health = 1),
    count(*) filter (where health = 2), count(*) filter (where agent_reachable), count(*) filter (where not agent_reachable),
    count(*) filter (where agent_reachable is null), count(*) filter (where pending_patches > 0),
    coalesce(sum(pending_patches), 0), count(*) filter (where reboot_required), count(*) filter (where stale),
    count(*) filter (where certificate_expires_at < @expiring_before)
from (
    select h.agent_reachable, h.pending_patches, h.reboot_required, h.certificate_expires_at, `+healthRank+` as health,
        `+isStale+` as stale`+q.from()+`
) seen`, q.args).Scan(&sum.Hosts, &healthy, &unhealthy, &unknown, &none, &reachable, &unreachable, &unasked,
		&sum.PendingHosts, &sum.PendingPatches, &sum.RebootRequired, &sum.Stale, &sum.CertificatesExpiring)
	sum.Health = map[fleet.HealthState]int{
		fleet.HealthHealthy: healthy, fleet.HealthUnhealthy: unhealthy, fleet.HealthUnknown: unknown, fleet.HealthNone: none,
	}
	sum.Agents = map[fleet.AgentState]int{
		fleet.AgentReachable: reachable, fleet.AgentUnreachable: unreachable, fleet.AgentUnknown: unasked,
	}
	return sum, err
}
