-- A job host is in scope by the groups its host is in today, or by the copy of them once the host is gone.

-- name: JobByKey :one
-- Unscoped: only jobs of the caller's own making are found; what they hold is read within the scope.
select id, request_hash from jobs where created_by = @created_by and idempotency_key = @idempotency_key::text;

-- name: InsertJob :execrows
insert into jobs (id, created_by, created_by_name, group_ids, packages, immediate, not_before, allow_reboot,
    max_parallel, max_failures, max_parallel_hosts, max_failures_hosts, gate_timeout_seconds, max_wait_seconds, notes,
    retry_of, idempotency_key, request_hash)
values (@id, @created_by, @created_by_name, @group_ids, sqlc.narg('packages')::text[], @immediate, sqlc.narg('not_before'),
    @allow_reboot, @max_parallel, @max_failures, @max_parallel_hosts, @max_failures_hosts, @gate_timeout_seconds,
    @max_wait_seconds, @notes, sqlc.narg('retry_of'), sqlc.narg('idempotency_key'), sqlc.narg('request_hash'))
on conflict (created_by, idempotency_key) where idempotency_key is not null do nothing;

-- name: InsertJobHosts :execrows
-- The rows of hosts that vanished meanwhile are missing, which the caller counts.
insert into job_hosts (job_id, host_id, fqdn, zone, group_ids, batch, times)
select @job_id, h.id, h.fqdn, h.zone,
    array(select gh.group_id from group_hosts gh where gh.host_id = h.id order by 1),
    ((row_number() over (order by h.id) - 1) / @batch_size::integer)::integer,
    jsonb_build_object('queued', clock_timestamp())
from hosts h
where h.id = any(@host_ids::uuid[]);

-- name: HostsOfGroups :many
-- Unscoped: the caller operates the groups, and with them their hosts.
select distinct host_id from group_hosts where group_id = any(@group_ids::uuid[]) order by host_id;

-- name: SeenHosts :many
-- Of the hosts asked for those that the caller sees, locked against their deletion, and whether he operates them.
select h.id, h.fqdn,
    (@operates_every::boolean or exists (
        select 1 from group_hosts gh where gh.host_id = h.id and gh.group_id = any(@operates::uuid[])))::boolean as operated
from hosts h
where h.id = any(@ids::uuid[])
  and (@every::boolean or exists (
      select 1 from group_hosts gh where gh.host_id = h.id and gh.group_id = any(@scope::uuid[])))
order by h.id
for key share of h;

-- name: UnfinishedAttempts :many
-- Unscoped: the hosts are ones that the caller operates.
select a.host_id, coalesce(jh.status = 'indeterminate', false)::boolean as unsettled
from patch_attempts a
left join job_hosts jh on jh.job_id = a.job_id and jh.host_id = a.host_id
where a.finished_at is null and a.host_id = any(@host_ids::uuid[]);

-- name: ListJobs :many
select j.id, j.created_by, j.created_by_name, j.created_at,
    array(select g from unnest(j.group_ids) as g where @every::boolean or g = any(@scope::uuid[]))::uuid[] as group_ids,
    j.packages, j.immediate, j.not_before, j.allow_reboot, j.max_parallel, j.max_failures, j.gate_timeout_seconds,
    j.max_wait_seconds, j.notes, j.retry_of, j.cancel_requested_at, j.cancel_requested_by, j.run_id, j.started_at,
    j.completed_at
from jobs j
where (sqlc.narg('id')::uuid is null or j.id = sqlc.narg('id'))
  and (sqlc.narg('after_created_at')::timestamptz is null
      or (j.created_at, j.id) < (sqlc.narg('after_created_at'), sqlc.narg('after_id')::uuid))
  and ((@every and sqlc.narg('host_id')::uuid is null and sqlc.narg('group_id')::uuid is null) or exists (
      select 1 from job_hosts jh
      where jh.job_id = j.id
        and (sqlc.narg('host_id')::uuid is null or jh.host_id = sqlc.narg('host_id'))
        and (sqlc.narg('group_id')::uuid is null
            or exists (select 1 from group_hosts gh where gh.host_id = jh.host_id and gh.group_id = sqlc.narg('group_id'))
            or (jh.group_ids @> array[sqlc.narg('group_id')::uuid] and not exists (select 1 from hosts h where h.id = jh.host_id)))
        and (@every
            or exists (select 1 from group_hosts gh where gh.host_id = jh.host_id and gh.group_id = any(@scope))
            or (jh.group_ids && @scope and not exists (select 1 from hosts h where h.id = jh.host_id)))))
order by j.created_at desc, j.id desc
limit @max_rows;

-- name: CountJobHosts :many
select jh.job_id, jh.status, jh.reason, count(*)::integer as hosts
from job_hosts jh
where jh.job_id = any(@job_ids::uuid[])
  and (@every::boolean
      or exists (select 1 from group_hosts gh where gh.host_id = jh.host_id and gh.group_id = any(@scope::uuid[]))
      or (jh.group_ids && @scope and not exists (select 1 from hosts h where h.id = jh.host_id)))
group by jh.job_id, jh.status, jh.reason;

-- name: ListJobHosts :many
-- What they are sorted by is one text, so that any order is followed in one way.
select sqlc.embed(jh), sorted.key
from job_hosts jh
cross join lateral (
    select (case @sort_by::text
        when 'status' then lpad(array_position(@status_order::text[], jh.status)::text, 3, '0')
        when 'updated_at' then to_char(jh.updated_at at time zone 'UTC', 'YYYYMMDDHH24MISSUS')
        else lower(jh.fqdn) end collate "C")::text as key
) sorted
where jh.job_id = @job_id
  and (sqlc.narg('host_id')::uuid is null or jh.host_id = sqlc.narg('host_id'))
  and (@status::text = '' or jh.status = @status)
  and (@text::text = '' or position(lower(@text) in lower(jh.fqdn)) > 0)
  and (sqlc.narg('after_host_id')::uuid is null or case when @descending::boolean
      then (sorted.key, jh.host_id) < (@after_key::text, sqlc.narg('after_host_id'))
      else (sorted.key, jh.host_id) > (@after_key, sqlc.narg('after_host_id')) end)
  and (@every::boolean
      or exists (select 1 from group_hosts gh where gh.host_id = jh.host_id and gh.group_id = any(@scope::uuid[]))
      or (jh.group_ids && @scope and not exists (select 1 from hosts h where h.id = jh.host_id)))
order by case when @descending then sorted.key end desc, case when @descending then jh.host_id end desc, sorted.key, jh.host_id
limit @max_rows;

-- name: JobReach :one
-- How many hosts of a job a scope covers, of how many.
select count(*)::integer as hosts,
    (count(*) filter (where @every::boolean
        or exists (select 1 from group_hosts gh where gh.host_id = jh.host_id and gh.group_id = any(@scope::uuid[]))
        or (jh.group_ids && @scope and not exists (select 1 from hosts h where h.id = jh.host_id))))::integer as covered
from job_hosts jh
where jh.job_id = @job_id;

-- name: JobInScope :one
select exists (
    select 1 from job_hosts jh
    where jh.job_id = @job_id
      and (@every::boolean
          or exists (select 1 from group_hosts gh where gh.host_id = jh.host_id and gh.group_id = any(@scope::uuid[]))
          or (jh.group_ids && @scope and not exists (select 1 from hosts h where h.id = jh.host_id))));

-- name: JobHostInScope :one
select exists (
    select 1 from job_hosts jh
    where jh.job_id = @job_id and jh.host_id = @host_id
      and (@every::boolean
          or exists (select 1 from group_hosts gh where gh.host_id = jh.host_id and gh.group_id = any(@scope::uuid[]))
          or (jh.group_ids && @scope and not exists (select 1 from hosts h where h.id = jh.host_id))));

-- name: JobState :one
-- Unscoped: the caller was found to operate the whole job before.
select completed_at, cancel_requested_at from jobs where id = @id for update;

-- name: RetryHosts :many
-- The hosts that still exist of those that ended with one of the statuses.
select jh.host_id
from job_hosts jh
join hosts h on h.id = jh.host_id
where jh.job_id = @job_id and jh.status = any(@statuses::text[])
  and (@every::boolean or exists (
      select 1 from group_hosts gh where gh.host_id = jh.host_id and gh.group_id = any(@scope::uuid[])))
order by jh.host_id;

-- name: SettleJobHost :execrows
update job_hosts
set status = @status::text, reason = 'settled_by_operator', detail = @detail, settle_note = @note::text,
    times = jsonb_build_object(@status::text, clock_timestamp()) || times, updated_at = clock_timestamp()
where job_id = @job_id and host_id = @host_id and status = 'indeterminate';

-- name: ListEvaluations :many
-- The newest, which the caller turns round.
select e.at, e.verdict, e.detail, e.checks, e.next_try_at
from gate_evaluations e
where e.job_id = @job_id and e.host_id = @host_id
  and exists (
      select 1 from job_hosts jh
      where jh.job_id = @job_id and jh.host_id = @host_id
        and (@every::boolean
            or exists (select 1 from group_hosts gh where gh.host_id = jh.host_id and gh.group_id = any(@scope::uuid[]))
            or (jh.group_ids && @scope and not exists (select 1 from hosts h where h.id = jh.host_id))))
order by e.at desc
limit @max_rows;

-- name: AttemptPackages :one
select a.packages from patch_attempts a
where a.job_id = @job_id and a.host_id = @host_id and a.state <> 'refused'
  and exists (
      select 1 from job_hosts jh
      where jh.job_id = @job_id and jh.host_id = @host_id
        and (@every::boolean
            or exists (select 1 from group_hosts gh where gh.host_id = jh.host_id and gh.group_id = any(@scope::uuid[]))
            or (jh.group_ids && @scope and not exists (select 1 from hosts h where h.id = jh.host_id))))
order by a.number desc
limit 1;

-- name: ListOutput :many
select o.seq, o.at, o.line from job_host_output o
where o.job_id = @job_id and o.host_id = @host_id and o.seq > @after
  and exists (
      select 1 from job_hosts jh
      where jh.job_id = @job_id and jh.host_id = @host_id
        and (@every::boolean
            or exists (select 1 from group_hosts gh where gh.host_id = jh.host_id and gh.group_id = any(@scope::uuid[]))
            or (jh.group_ids && @scope and not exists (select 1 from hosts h where h.id = jh.host_id))))
order by o.seq
limit @max_rows;

-- name: SeenUnfinishedJobs :many
-- Those with an unfinished host within the scope.
select distinct jh.job_id
from job_hosts jh
where jh.status in ('queued', 'waiting_window', 'waiting_health_check', 'waiting_slot', 'running')
  and (@every::boolean
      or exists (select 1 from group_hosts gh where gh.host_id = jh.host_id and gh.group_id = any(@scope::uuid[]))
      or (jh.group_ids && @scope and not exists (select 1 from hosts h where h.id = jh.host_id)));

-- name: ListFleetJobHosts :many
-- Unfinished ones first, and of these what gives up first; what never does has the end of time for it. Of equal ones that
-- which changed last.
select sqlc.embed(jh), place.finished, place.closes_at
from job_hosts jh
cross join lateral (
    select (not jh.status in ('queued', 'waiting_window', 'waiting_health_check', 'waiting_slot', 'running'))::boolean as finished,
        coalesce(case when jh.status in ('queued', 'waiting_window', 'waiting_health_check', 'waiting_slot', 'running')
            then coalesce((jh.wait ->> 'until')::timestamptz, jh.span_last_start_at) end, '9999-12-31 UTC')::timestamptz as closes_at
) place
where (cardinality(@statuses::text[]) = 0 or jh.status = any(@statuses))
  and (sqlc.narg('host_id')::uuid is null or jh.host_id = sqlc.narg('host_id'))
  and (not @unfinished::boolean or jh.status in ('queued', 'waiting_window', 'waiting_health_check', 'waiting_slot', 'running'))
  and (@every::boolean
      or exists (select 1 from group_hosts gh where gh.host_id = jh.host_id and gh.group_id = any(@scope::uuid[]))
      or (jh.group_ids && @scope and not exists (select 1 from hosts h where h.id = jh.host_id)))
  and (sqlc.narg('after_job_id')::uuid is null
      or (place.finished, place.closes_at) > (@after_finished::boolean, @after_closes_at::timestamptz)
      or ((place.finished, place.closes_at) = (@after_finished, @after_closes_at)
          and (jh.updated_at < @after_updated_at::timestamptz
              or (jh.updated_at = @after_updated_at
                  and (jh.job_id, jh.host_id) > (sqlc.narg('after_job_id'), sqlc.narg('after_host_id')::uuid)))))
order by place.finished, place.closes_at, jh.updated_at desc, jh.job_id, jh.host_id
limit @max_rows;

-- name: CountFleetJobHosts :one
select count(*)::integer
from job_hosts jh
where (cardinality(@statuses::text[]) = 0 or jh.status = any(@statuses))
  and (sqlc.narg('host_id')::uuid is null or jh.host_id = sqlc.narg('host_id'))
  and (not @unfinished::boolean or jh.status in ('queued', 'waiting_window', 'waiting_health_check', 'waiting_slot', 'running'))
  and (@every::boolean
      or exists (select 1 from group_hosts gh where gh.host_id = jh.host_id and gh.group_id = any(@scope::uuid[]))
      or (jh.group_ids && @scope and not exists (select 1 from hosts h where h.id = jh.host_id)));
