package api_test

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/patch-manager/patch-manager/fleet"
)

// randomFleet is a fleet drawn at random, and what a test has to know of it to say who sees what: it says so by itself,
// from the rule and not from the code.
type randomFleet struct {
	r      *rapid.T
	batch  *pgx.Batch
	now    time.Time
	groups []string // that there are

	hosts []*randomHost
	jobs  []randomJob
	roles map[string]fleet.Role // of the caller, by group
}

// randomHost is a host, or what jobs keep of one that was deleted.
type randomHost struct {
	id, fqdn string
	groups   []string
	checks   []string
	windows  []string
	deleted  bool
}

type randomJob struct {
	id    string
	hosts []*randomHost
}

// sees is the rule: a host is seen through the groups it is in, or was in when it was deleted.
func (f *randomFleet) sees(h *randomHost) bool {
	return slices.ContainsFunc(h.groups, func(g string) bool { return f.roles[g] != "" })
}

func (f *randomFleet) operates(h *randomHost) bool {
	return slices.ContainsFunc(h.groups, func(g string) bool { return f.roles[g] == fleet.RoleOperator })
}

// seesJob is the rule: a job is seen by whoever sees one of its hosts.
func (f *randomFleet) seesJob(j randomJob) bool { return slices.ContainsFunc(j.hosts, f.sees) }

func (f *randomFleet) seesGroup(id string) bool { return f.roles[id] != "" }

func (f *randomFleet) add(sql string, args ...any) { f.batch.Queue(sql, args...) }

func (f *randomFleet) flip(label string) bool { return rapid.Bool().Draw(f.r, label) }

// maybe is a boolean of what may not be known.
func (f *randomFleet) maybe(label string) any {
	return rapid.SampledFrom([]any{nil, true, false}).Draw(f.r, label)
}

// sometime is a time near now, or none.
func (f *randomFleet) sometime(label string) any {
	return rapid.SampledFrom([]any{nil, f.now.Add(time.Minute), f.now.Add(2 * time.Minute)}).Draw(f.r, label)
}

// some draws a part of all groups.
func (f *randomFleet) some() []string { return drawSome(f.r, f.groups) }

func drawSome(r *rapid.T, all []string) []string {
	drawn := []string{}
	for _, one := range all {
		if rapid.Bool().Draw(r, "one of some") {
			drawn = append(drawn, one)
		}
	}
	return drawn
}

// drawFleet replaces the fleet of the site, and the roles of the caller.
func drawFleet(r *rapid.T, s *site, caller string, groups []string, now time.Time) *randomFleet {
	f := &randomFleet{r: r, batch: &pgx.Batch{}, now: now, groups: groups, roles: drawRoles(r, groups)}
	for _, table := range []string{"jobs", "hosts", "maintenance_windows", "host_health_check_results"} {
		f.add(`delete from ` + table)
	}
	f.add(`delete from group_users where user_id = $1`, caller)
	for _, g := range groups {
		if role := f.roles[g]; role != "" {
			f.add(`insert into group_users (group_id, user_id, role) values ($1, $2, $3)`, g, caller, string(role))
		}
		f.drawWindow("group", nil, &g)
	}
	f.drawWindow("site", nil, nil)
	for i := range rapid.IntRange(1, 5).Draw(r, "hosts") {
		f.hosts = append(f.hosts, f.drawHost(i))
	}
	for i := range rapid.IntRange(0, 3).Draw(r, "jobs") {
		f.jobs = append(f.jobs, f.drawJob(i))
	}
	for _, h := range f.hosts {
		f.deleteOrNot(h)
	}
	require.NoError(r, s.pool.SendBatch(context.Background(), f.batch).Close())
	return f
}

func (f *randomFleet) drawWindow(scope string, host, group *string) []string {
	if !f.flip("window") {
		return nil
	}
	id := uuid.NewString()
	kind := rapid.SampledFrom([]string{"maintenance", "blackout"}).Draw(f.r, "kind")
	f.add(`insert into maintenance_windows (id, scope, host_id, group_id, kind, time_zone, starts_on, start_time, duration_minutes, recurrence)
		values ($1, $2, $3, $4, $5, 'UTC', '2026-01-05', make_time($6, 0, 0), 120, 'daily')`,
		id, scope, host, group, kind, rapid.IntRange(0, 23).Draw(f.r, "hour"))
	return []string{id}
}

func (f *randomFleet) drawHost(i int) *randomHost {
	h := &randomHost{id: uuid.NewString(), fqdn: fmt.Sprintf("h%d.example.com", i), groups: f.some()}
	f.add(`insert into hosts (id, fqdn, address, agent_port, zone, labels, inherit_windows) values ($1, $2, '10.0.0.1', 12443, $3, $4, $5)`,
		h.id, h.fqdn, rapid.SampledFrom([]string{"default", "edge"}).Draw(f.r, "zone"),
		rapid.SampledFrom([]string{`{}`, `{"tier": "a"}`, `{"tier": "b"}`}).Draw(f.r, "labels"), f.flip("inherits"))
	for _, g := range h.groups {
		f.add(`insert into group_hosts (group_id, host_id) values ($1, $2)`, g, h.id)
	}
	if f.flip("inventory") {
		f.add(`insert into host_inventories (host_id, at, os, os_version, kernel, architecture, cache_status, patches)
			values ($1, $2, 'debian', '12', '6.1', 'amd64', 'fresh', '[]')`, h.id, f.now.Add(-time.Minute))
	}
	f.add(`update hosts set agent_reachable = $2, reboot_required = $3, pending_patches = $4, agent_last_seen_at = $5, certificate_expires_at = $6
		where id = $1`, h.id, f.maybe("reachable"), f.maybe("reboot"), rapid.SampledFrom([]any{nil, 0, 1, 7}).Draw(f.r, "pending"),
		rapid.SampledFrom([]any{nil, f.now, f.now.Add(-time.Hour)}).Draw(f.r, "seen"),
		rapid.SampledFrom([]any{nil, f.now, f.now.Add(29 * 24 * time.Hour), f.now.Add(31 * 24 * time.Hour)}).Draw(f.r, "certificate"))
	h.windows = f.drawWindow("host", &h.id, nil)
	for n := range rapid.IntRange(0, 2).Draw(f.r, "checks") {
		h.checks = append(h.checks, f.drawCheck(h, n))
	}
	return h
}

func (f *randomFleet) drawCheck(h *randomHost, n int) string {
	id := uuid.NewString()
	f.add(`insert into host_health_checks (id, host_id, slot, name, check_type, service_name) values ($1, $2, $3, $4, 'service', 'nginx.service')`,
		id, h.id, n+1, fmt.Sprint(n))
	outcome := rapid.SampledFrom([]string{"", "healthy", "unhealthy", "error"}).Draw(f.r, "outcome")
	if outcome == "" {
		return id
	}
	age := rapid.SampledFrom([]time.Duration{time.Minute, time.Hour, 200 * time.Hour}).Draw(f.r, "age")
	f.add(`insert into health_check_states (check_id, host_id, outcome, healthy, detail, latency_ms, checked_at, since, shown, shown_since)
		values ($1, $2, $3, $3 = 'healthy', 'detail', 1, $4, $4, $3, $4)`, id, h.id, outcome, f.now.Add(-age))
	f.add(`insert into host_health_check_results (check_id, outcome, healthy, detail, latency_ms, checked_at)
		values ($1, $2, $2 = 'healthy', 'detail', 1, $3)`, id, outcome, f.now.Add(-time.Minute))
	return id
}

func (f *randomFleet) drawJob(i int) randomJob {
	j := randomJob{id: uuid.NewString()}
	f.add(`insert into jobs (id, created_by, created_by_name, created_at, group_ids, max_parallel, max_failures, max_parallel_hosts,
		max_failures_hosts, gate_timeout_seconds, max_wait_seconds) values ($1, $2, 'somebody', $3, $4, '10', '3', 10, 3, 60, 60)`,
		j.id, uuid.NewString(), f.now.Add(time.Duration(i)*time.Second), f.some())
	for _, h := range f.hosts {
		if len(j.hosts) == 0 || f.flip("in the job") {
			j.hosts = append(j.hosts, h)
			f.drawJobHost(j.id, h)
		}
	}
	return j
}

// drawJobHost draws groups that the host may have been in when the job was made, which say nothing while it exists.
func (f *randomFleet) drawJobHost(job string, h *randomHost) {
	status := rapid.SampledFrom([]fleet.Status{
		fleet.StatusQueued, fleet.StatusWaitingHealthCheck, fleet.StatusRunning, fleet.StatusSucceeded, fleet.StatusFailed, fleet.StatusIndeterminate,
	}).Draw(f.r, "status")
	f.add(`insert into job_hosts (job_id, host_id, fqdn, zone, group_ids, batch, status, phase, reason, span_starts_at, span_last_start_at,
			span_ends_at, wait, updated_at) values ($1, $2, $3, 'default', $4, 0, $5,
		case when $5 = 'running' then 'applying' end, case when $5 in ('failed', 'indeterminate') then 'agent_error' end,
		$6::timestamptz, $6, $6, $7, $8)`,
		job, h.id, h.fqdn, f.some(), string(status), f.sometime("last start"),
		rapid.SampledFrom([]any{nil, `{"reason": "slot", "until": "` + f.now.Add(90*time.Second+time.Nanosecond).Format(time.RFC3339Nano) + `"}`}).Draw(f.r, "wait"),
		f.now.Add(time.Duration(rapid.IntRange(0, 2).Draw(f.r, "updated"))*time.Second))
	f.add(`insert into gate_evaluations (job_id, host_id, at, verdict) values ($1, $2, $3, 'shut')`, job, h.id, f.now)
	f.add(`insert into job_host_output (job_id, host_id, seq, line) values ($1, $2, 0, 'a line of ' || $3::text)`, job, h.id, h.fqdn)
	f.add(`insert into patch_attempts (id, job_id, host_id, number, send_before, packages, finished_at) values ($1, $2, $3, 1, $4,
		'[{"name": "bash", "from": "1", "to": "2", "result": "installed"}]', $4)`, uuid.NewString(), job, h.id, f.now)
}

func (f *randomFleet) deleteOrNot(h *randomHost) {
	if rapid.IntRange(0, 3).Draw(f.r, "deleted") > 0 {
		return
	}
	h.deleted = true
	f.add(`delete from hosts where id = $1`, h.id)
	f.add(`update job_hosts set group_ids = $2 where host_id = $1`, h.id, h.groups)
}
