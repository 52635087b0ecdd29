-- name: AccountByName :one
-- What a sign-in is judged by, for a user who may sign in.
-- Unscoped: finds out who the caller is.
select u.id, coalesce(u.password_hash, '')::text as password_hash,
    exists (select from login_devices d
        where d.user_id = u.id and d.token_hash = @device_hash
          and d.last_login_at > now() - make_interval(secs => @memory_seconds::double precision))::boolean as known_device
from users u
where lower(u.name) = lower(@name) and u.disabled_at is null;

-- name: SignInUser :one
-- Nobody where the user was disabled or the password changed since it was compared.
update users set last_login_at = now()
where id = @id and disabled_at is null and (@password_hash::text = '' or password_hash = @password_hash)
returning name;

-- name: GetUser :one
-- Unscoped: of oneself, and of others for administrators.
select id, name, display_name, is_admin, disabled_at, (password_hash is not null)::boolean as has_password, created_at, last_login_at
from users where id = @id;

-- name: ListMemberships :many
-- Unscoped: of oneself, and of others for administrators.
select gu.group_id, g.name, gu.role from group_users gu join groups g on g.id = gu.group_id
where gu.user_id = @user_id
order by lower(g.name);
