-- name: ListChecks :many
select c.id, c.host_id, c.name, c.check_type, c.enabled, c.service_name, c.url, c.expected_body, c.ignore_cert_errors,
    c.basic_auth_user, (c.basic_auth_pass_encrypted is not null)::boolean as has_password, c.created_at, c.updated_at,
    c.failure_threshold, c.success_threshold,
    s.outcome, s.detail, s.latency_ms, s.checked_at, s.since, s.consecutive, s.shown, s.shown_since
from host_health_checks c
left join health_check_states s on s.check_id = c.id
where c.host_id = @host_id
  and (sqlc.narg('id')::uuid is null or c.id = sqlc.narg('id'))
  and (@every::boolean or exists (
      select 1 from group_hosts gh where gh.host_id = c.host_id and gh.group_id = any(@scope::uuid[])))
order by c.created_at, c.id;

-- name: FreeCheckSlot :one
-- Unscoped: the host was locked for the caller before.
-- Zero where the host has none left; the unique key is the guard, this only finds the place.
select coalesce(min(n), 0)::smallint
from generate_series(1, 5) as n
where not exists (select 1 from host_health_checks c where c.host_id = @host_id and c.slot = n);

-- name: InsertCheck :exec
insert into host_health_checks (id, host_id, slot, name, check_type, enabled, service_name, url, expected_body,
    ignore_cert_errors, basic_auth_user, basic_auth_pass_encrypted, basic_auth_pass_nonce, basic_auth_key_id,
    failure_threshold, success_threshold)
values (@id, @host_id, @slot, @name, @check_type, @enabled, sqlc.narg('service_name'), sqlc.narg('url'),
    sqlc.narg('expected_body'), @ignore_cert_errors, sqlc.narg('basic_auth_user'),
    sqlc.narg('basic_auth_pass_encrypted'), sqlc.narg('basic_auth_pass_nonce'), sqlc.narg('basic_auth_key_id'),
    @failure_threshold, @success_threshold);

-- name: StoredPassword :one
-- Unscoped: the host was locked for the caller before, and the check found there. Locked, so that what is written back is
-- not what a rotation of keys has just replaced.
select basic_auth_pass_encrypted, basic_auth_pass_nonce, basic_auth_key_id
from host_health_checks where id = @id
for update;

-- name: UpdateCheck :exec
update host_health_checks
set name = @name, check_type = @check_type, enabled = @enabled, service_name = sqlc.narg('service_name'),
    url = sqlc.narg('url'), expected_body = sqlc.narg('expected_body'), ignore_cert_errors = @ignore_cert_errors,
    basic_auth_user = sqlc.narg('basic_auth_user'), basic_auth_pass_encrypted = sqlc.narg('basic_auth_pass_encrypted'),
    basic_auth_pass_nonce = sqlc.narg('basic_auth_pass_nonce'), basic_auth_key_id = sqlc.narg('basic_auth_key_id'),
    failure_threshold = @failure_threshold, success_threshold = @success_threshold, updated_at = clock_timestamp()
where id = @id;

-- name: DeleteCheck :exec
delete from host_health_checks where id = @id;

-- name: ForgetCheckState :exec
delete from health_check_states where check_id = @check_id;

-- name: CheckResults :many
select checked_at, outcome, detail, latency_ms
from host_health_check_results
where check_id = @check_id and checked_at >= @since and checked_at < @until
  and (sqlc.narg('before')::timestamptz is null or checked_at < sqlc.narg('before'))
  and (@every::boolean or exists (
      select 1 from host_health_checks c
      join group_hosts gh on gh.host_id = c.host_id
      where c.id = @check_id and gh.group_id = any(@scope::uuid[])))
order by checked_at desc
limit @max_rows;

-- name: CheckHours :many
-- The results of each hour that has some, and last of all of them together.
select coalesce(r.hour, 'epoch')::timestamptz as hour,
    (grouping(r.hour) = 1)::boolean as together,
    count(*)::integer as results,
    count(*) filter (where r.outcome = 'unhealthy')::integer as unhealthy,
    count(*) filter (where r.outcome = 'error')::integer as errors,
    coalesce(min(r.latency_ms), 0)::integer as latency_min,
    coalesce(percentile_disc(0.5) within group (order by r.latency_ms), 0)::integer as latency_median,
    coalesce(max(r.latency_ms), 0)::integer as latency_max
from (
    select date_bin('1 hour', checked_at, 'epoch') as hour, outcome, latency_ms
    from host_health_check_results
    where check_id = @check_id and checked_at >= @since and checked_at < @until
      and (@every::boolean or exists (
          select 1 from host_health_checks c
          join group_hosts gh on gh.host_id = c.host_id
          where c.id = @check_id and gh.group_id = any(@scope::uuid[])))
) r
group by grouping sets ((r.hour), ())
order by together, hour;

-- name: CheckSpells :many
-- Times in which no result was healthy, the latest first, and how many there were: results with as many healthy ones
-- before them are of the same time. The results are read once: to look for partitions is most of what it costs.
with numbered as (
    select r.checked_at, r.healthy, r.detail, count(*) filter (where r.healthy) over by_time as healthy_before,
        lead(r.checked_at) over by_time as next_at
    from host_health_check_results r
    where r.check_id = @check_id and r.checked_at >= @since and r.checked_at < @until
      and (@every::boolean or exists (
          select 1 from host_health_checks c
          join group_hosts gh on gh.host_id = c.host_id
          where c.id = @check_id and gh.group_id = any(@scope::uuid[])))
    window by_time as (order by r.checked_at)
), spells as (
    select min(n.checked_at) as starts_at, max(n.checked_at) as last_at, max(n.next_at) as next_at, count(*) as results,
        count(*) over () as spells, (array_agg(n.detail order by n.checked_at desc))[1] as detail
    from numbered n
    where not n.healthy
    group by n.healthy_before
    order by 1 desc
    limit @max_rows
)
select s.starts_at::timestamptz as starts_at, coalesce(s.next_at > s.last_at, false)::boolean as ended,
    greatest(s.last_at, s.next_at)::timestamptz as ends_at, s.results::integer as results, s.spells::integer as spells,
    s.detail::text as detail
from spells s
order by s.starts_at desc;
