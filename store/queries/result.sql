-- name: InsertResults :exec
-- Results that have just moved the state of their check, which no result does twice.
insert into host_health_check_results (check_id, checked_at, outcome, healthy, detail, latency_ms)
select r.check_id, r.checked_at, r.outcome, r.outcome = 'healthy', r.detail, r.latency_ms
from (select unnest(@check_ids::uuid[]) as check_id, unnest(@checked_ats::timestamptz[]) as checked_at,
        unnest(@outcomes::text[]) as outcome, unnest(@details::text[]) as detail,
        unnest(@latencies::integer[]) as latency_ms) r;

-- name: LockStates :exec
-- Who writes a result that moves no state waits here for whoever else writes it.
select from health_check_states where check_id = any(@check_ids::uuid[]) order by check_id for update;

-- name: InsertOtherResults :exec
-- A result that is there already is the same one, written again by a retry.
insert into host_health_check_results (check_id, checked_at, outcome, healthy, detail, latency_ms)
select distinct on (r.check_id, r.checked_at) r.check_id, r.checked_at, r.outcome, r.outcome = 'healthy', r.detail, r.latency_ms
from (select unnest(@check_ids::uuid[]) as check_id, unnest(@checked_ats::timestamptz[]) as checked_at,
        unnest(@outcomes::text[]) as outcome, unnest(@details::text[]) as detail,
        unnest(@latencies::integer[]) as latency_ms) r
where not exists (
    select from host_health_check_results k where k.check_id = r.check_id and k.checked_at = r.checked_at);

-- name: UpdateCheckStates :many
-- Moves the states that exist. An older result than the stored one changes nothing, and neither does one of an earlier
-- definition of the check. Changed is one that flipped or that shows something else than before.
update health_check_states s
set outcome = r.outcome, healthy = (r.outcome = 'healthy'), detail = r.detail, latency_ms = r.latency_ms,
    checked_at = r.checked_at,
    since = case when s.healthy = (r.outcome = 'healthy') then s.since else r.checked_at end,
    consecutive = case when s.healthy = (r.outcome = 'healthy') then s.consecutive + 1 else 1 end,
    shown = next_shown(s.shown, s.healthy, s.consecutive, r.outcome, c.failure_threshold, c.success_threshold),
    shown_since = case when s.shown = next_shown(s.shown, s.healthy, s.consecutive, r.outcome, c.failure_threshold, c.success_threshold)
        then s.shown_since else r.checked_at end
from (select unnest(@check_ids::uuid[]) as check_id, unnest(@checked_ats::timestamptz[]) as checked_at,
        unnest(@outcomes::text[]) as outcome, unnest(@details::text[]) as detail,
        unnest(@latencies::integer[]) as latency_ms, unnest(@defined_ats::timestamptz[]) as defined_at) r
join host_health_checks c on c.id = r.check_id and (r.defined_at < '2000-01-01 00:00:00+00' or r.defined_at = c.defined_at)
where s.check_id = r.check_id and s.checked_at < r.checked_at
returning s.check_id, (s.consecutive = 1 or s.shown_since = s.checked_at)::boolean as changed;

-- name: InsertCheckStates :many
-- Makes the states that were missing, which show their first result whatever the thresholds, and moves those that somebody
-- else has made since UpdateCheckStates looked. The share lock waits for an edit of the check under way, and looks again after it.
insert into health_check_states as s (check_id, host_id, outcome, healthy, detail, latency_ms, checked_at, since, shown, shown_since)
select c.id, c.host_id, r.outcome, r.outcome = 'healthy', r.detail, r.latency_ms, r.checked_at, r.checked_at, r.outcome, r.checked_at
from (select unnest(@check_ids::uuid[]) as check_id, unnest(@checked_ats::timestamptz[]) as checked_at,
        unnest(@outcomes::text[]) as outcome, unnest(@details::text[]) as detail,
        unnest(@latencies::integer[]) as latency_ms, unnest(@defined_ats::timestamptz[]) as defined_at) r
join host_health_checks c on c.id = r.check_id and (r.defined_at < '2000-01-01 00:00:00+00' or r.defined_at = c.defined_at)
where not exists (select from health_check_states o where o.check_id = c.id and o.checked_at >= r.checked_at)
order by c.id
for share of c
on conflict (check_id) do update
set outcome = excluded.outcome, healthy = excluded.healthy, detail = excluded.detail, latency_ms = excluded.latency_ms,
    checked_at = excluded.checked_at,
    since = case when s.healthy = excluded.healthy then s.since else excluded.checked_at end,
    consecutive = case when s.healthy = excluded.healthy then s.consecutive + 1 else 1 end,
    (shown, shown_since) = (
        select n.shown, case when n.shown = s.shown then s.shown_since else excluded.checked_at end
        from host_health_checks c,
            next_shown(s.shown, s.healthy, s.consecutive, excluded.outcome, c.failure_threshold, c.success_threshold) as n(shown)
        where c.id = excluded.check_id)
where s.checked_at < excluded.checked_at
returning s.check_id, (s.consecutive = 1 or s.shown_since = s.checked_at)::boolean as changed;

-- name: InsertChanges :exec
-- One event for each check whose state changed.
insert into events (kind, subject_id, group_ids, payload)
select @kind::text, c.id::text,
    array(select gh.group_id from group_hosts gh where gh.host_id = c.host_id order by gh.group_id),
    jsonb_build_object('host_id', c.host_id, 'check_id', c.id, 'outcome', s.outcome, 'shown', s.shown, 'checked_at', s.checked_at)
from health_check_states s
join host_health_checks c on c.id = s.check_id
where s.check_id = any(@check_ids::uuid[])
order by c.id;

-- name: ReleasableRuns :many
-- The runs that wait at the gate on one of the hosts, where every enabled check is healthy by now.
select jh.job_id, jh.host_id
from job_hosts jh
where jh.host_id = any(@host_ids::uuid[]) and jh.status = 'waiting_health_check'
  and not exists (
      select from host_health_checks c
      left join health_check_states s on s.check_id = c.id
      where c.host_id = jh.host_id and c.enabled and s.healthy is not true)
order by jh.host_id, jh.job_id;
