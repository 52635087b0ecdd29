-- A fleet of 10,000 hosts in 20 groups with a window each, two checks for a host, a job over all of them, and 100,000 audit
-- entries, which `audit seal` has to follow.
insert into groups (id, name) select gen_random_uuid(), 'group ' || lpad(n::text, 2, '0') from generate_series(0, 19) n;

insert into maintenance_windows (id, scope, group_id, kind, label, time_zone, starts_on, start_time, duration_minutes, recurrence)
select gen_random_uuid(), 'group', id, 'maintenance', name, 'UTC', '2026-01-01', '03:00', 120, 'daily' from groups;

insert into hosts (id, fqdn, address, labels, agent_reachable, agent_version, agent_last_seen_at, pending_patches, reboot_required,
    inventory_at)
select gen_random_uuid(), 'host-' || lpad(n::text, 5, '0') || '.example', '10.' || n / 65536 || '.' || n / 256 % 256 || '.' || n % 256,
    jsonb_build_object('scale', '', 'rack', (n % 40)::text), n % 50 > 0, '1.4.0', now() - n * interval '1 second', n % 30, n % 7 = 0, now()
from generate_series(0, 9999) n;

-- Hosts whose zone has no worker say so, and this fleet has none.
insert into zone_workers (worker_id, zone, seen_at) values (gen_random_uuid(), 'default', now() + interval '1 day');

insert into group_hosts (group_id, host_id)
select g.id, h.id from hosts h join groups g on g.name = 'group ' || lpad((substr(h.fqdn, 6, 5)::integer % 20)::text, 2, '0');

insert into host_health_checks (id, host_id, slot, name, check_type, service_name)
select gen_random_uuid(), h.id, n, 'service ' || n, 'service', 'unit-' || n || '.service' from hosts h, generate_series(1, 2) n;

insert into health_check_states (check_id, host_id, outcome, healthy, detail, latency_ms, checked_at, since, shown, shown_since)
select c.id, c.host_id, case when sick then 'unhealthy' else 'healthy' end, not sick, 'active (running)', 12, now(), now(),
    case when sick then 'unhealthy' else 'healthy' end, now()
from host_health_checks c join hosts h on h.id = c.host_id
cross join lateral (select c.slot = 1 and substr(h.fqdn, 6, 5)::integer % 25 = 0 as sick) s;

insert into jobs (id, created_by, created_by_name, max_parallel, max_failures, max_parallel_hosts, max_failures_hosts,
    gate_timeout_seconds, max_wait_seconds, notes, started_at)
select gen_random_uuid(), gen_random_uuid(), 'ada', '10%', '5%', 1000, 500, 3600, 3110400, 'the whole fleet ' || n, now()
from generate_series(1, 30) n;

insert into job_hosts (job_id, host_id, fqdn, zone, batch, status, phase, reason, detail, wait, times)
select j.id, h.id, h.fqdn, h.zone, n / 200, status, case when status = 'running' then 'applying' end,
    case when status = 'failed' then 'agent_error' end, '',
    case when status = 'waiting_health_check' then jsonb_build_object('reason', 'unhealthy', 'detail', 'unit-1.service is not healthy',
        'unblocks', 'the check', 'until', now() + n * interval '1 second', 'next_try_at', now() + interval '5 minutes') end,
    jsonb_build_object('queued', now() - interval '1 hour', status, now())
from jobs j, hosts h
cross join lateral (select substr(h.fqdn, 6, 5)::integer as n) number
cross join lateral (select (array['waiting_window', 'waiting_health_check', 'running', 'succeeded', 'failed'])[1 + n % 5] as status) s
where j.notes = 'the whole fleet 30' or n < 100;

insert into audit_entries (seq, at, actor_name, action, subject_type, subject_id, detail, prev_hash, hash)
select (select max(seq) from audit_entries) + n, now(), 'ada', (array['host.update', 'check.create', 'job.create'])[1 + n % 3], 'host',
    gen_random_uuid()::text, '{}', sha256('before'), sha256('this')
from generate_series(1, 100000) n;

analyze;
