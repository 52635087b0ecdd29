-- name: ListChecks :many
select c.id, c.host_id, c.name, c.check_type, c.enabled, c.service_name, c.url, c.expected_body, c.ignore_cert_errors,
    c.basic_auth_user, (c.basic_auth_pass_encrypted is not null)::boolean as has_password, c.created_at, c.updated_at,
    s.outcome, s.detail, s.latency_ms, s.checked_at, s.since, s.consecutive
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
    ignore_cert_errors, basic_auth_user, basic_auth_pass_encrypted, basic_auth_pass_nonce, basic_auth_key_id)
values (@id, @host_id, @slot, @name, @check_type, @enabled, sqlc.narg('service_name'), sqlc.narg('url'),
    sqlc.narg('expected_body'), @ignore_cert_errors, sqlc.narg('basic_auth_user'),
    sqlc.narg('basic_auth_pass_encrypted'), sqlc.narg('basic_auth_pass_nonce'), sqlc.narg('basic_auth_key_id'));

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
    updated_at = clock_timestamp()
where id = @id;

-- name: DeleteCheck :exec
delete from host_health_checks where id = @id;

-- name: ForgetCheckState :exec
delete from health_check_states where check_id = @check_id;

-- name: CheckResults :many
select checked_at, outcome, detail, latency_ms
from host_health_check_results
where check_id = @check_id and checked_at >= @since
  and (sqlc.narg('before')::timestamptz is null or checked_at < sqlc.narg('before'))
  and (@every::boolean or exists (
      select 1 from host_health_checks c
      join group_hosts gh on gh.host_id = c.host_id
      where c.id = @check_id and gh.group_id = any(@scope::uuid[])))
order by checked_at desc
limit @max_rows;
