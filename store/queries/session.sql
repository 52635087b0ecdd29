-- name: PrincipalBySession :one
-- Unscoped: finds out who the caller is.
-- The caller with the roles held now; nobody where the session is unknown, over or renewed, or the user disabled.
select s.id as session_id, s.method, s.last_seen_at, s.expires_at, (s.renew and s.token_hash = @token_hash)::boolean as renew,
    u.id as user_id, u.name, u.is_admin,
    coalesce((select jsonb_object_agg(gu.group_id, gu.role) from group_users gu where gu.user_id = u.id), '{}')::jsonb as roles
from sessions s
join users u on u.id = s.user_id
where (s.token_hash = @token_hash or (s.previous_hash = @token_hash and s.previous_until > now()))
  and s.last_seen_at > now() - make_interval(secs => @idle_seconds::double precision)
  and s.expires_at > now()
  and u.disabled_at is null;

-- name: TouchSession :exec
update sessions set last_seen_at = now()
where id = @id and last_seen_at < now() - interval '1 minute';

-- name: RenewSession :execrows
-- The first of the requests that come with the token renews it.
update sessions set token_hash = @new_hash, previous_hash = token_hash,
    previous_until = now() + make_interval(secs => @grace_seconds::double precision), renew = false, last_seen_at = now()
where id = @id and token_hash = @token_hash and renew;

-- name: InsertSession :exec
insert into sessions (id, user_id, token_hash, method, expires_at, remote_addr, user_agent)
values (@id, @user_id, @token_hash, @method, now() + make_interval(secs => @lifetime_seconds::double precision), @remote_addr, @user_agent);

-- name: DeleteSessionByToken :exec
delete from sessions where token_hash = @token_hash or previous_hash = @token_hash;

-- name: DeleteSession :execrows
delete from sessions where id = @id and user_id = @user_id;

-- name: ListSessions :many
-- The latest first.
-- Unscoped: the caller's own.
select id, method, created_at, last_seen_at, expires_at, remote_addr, user_agent from sessions
where user_id = @user_id
  and (sqlc.narg('before')::uuid is null or id < sqlc.narg('before'))
  and last_seen_at > now() - make_interval(secs => @idle_seconds::double precision)
  and expires_at > now()
order by id desc
limit @max_rows;

-- name: InsertDevice :exec
insert into login_devices (token_hash, user_id) values (@token_hash, @user_id);

-- name: DeleteDevice :exec
delete from login_devices where token_hash = @token_hash and user_id = @user_id;

-- name: ForgetDevices :exec
-- All of a user's but the latest.
delete from login_devices where token_hash in (
    select d.token_hash from login_devices d where d.user_id = @user_id order by d.last_login_at desc offset @keep);

-- name: RenewSessionNow :execrows
update sessions set token_hash = @new_hash, previous_hash = token_hash,
    previous_until = now() + make_interval(secs => @grace_seconds::double precision), renew = false, last_seen_at = now()
where id = @id;

-- name: DeleteSessions :execrows
-- All of a user's, or all but one.
delete from sessions where user_id = @user_id and id is distinct from sqlc.narg('but')::uuid;

-- name: PruneSessions :execrows
delete from sessions where id in (
    select s.id from sessions s
    where s.expires_at < now() or s.last_seen_at < now() - make_interval(secs => @idle_seconds::double precision)
    limit @max_rows);

-- name: PruneDevices :execrows
delete from login_devices where token_hash in (
    select d.token_hash from login_devices d
    where d.last_login_at < now() - make_interval(secs => @memory_seconds::double precision)
    limit @max_rows);

-- name: PruneSetupCodes :execrows
delete from setup_codes where code_hash in (select c.code_hash from setup_codes c where c.expires_at < now() limit @max_rows);
