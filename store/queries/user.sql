-- name: AccountByName :one
-- What a sign-in is judged by, and the key of the name whoever has it. Nobody signs in without a hash.
-- Unscoped: finds out who the caller is.
select lower(asked.name)::text as name_key, coalesce(u.id::text, '')::text as id, coalesce(u.name, '')::text as name,
    coalesce(case when u.disabled_at is null then u.password_hash end, '')::text as password_hash,
    exists (select from login_devices d
        where d.user_id = u.id and u.disabled_at is null and d.token_hash = @device_hash
          and d.last_login_at > now() - make_interval(secs => @memory_seconds::double precision))::boolean as known_device
from (select @name::text as name) asked
left join users u on lower(u.name) = lower(asked.name);

-- name: SignInUser :one
-- Nobody where the user was disabled or the password changed since it was compared.
update users set last_login_at = now()
where id = @id and disabled_at is null and (@password_hash::text = '' or password_hash = @password_hash)
returning name;

-- name: GetUser :one
-- Unscoped: of oneself, and of others for administrators.
select u.id, u.name, u.display_name, u.is_admin, u.disabled_at, (u.password_hash is not null)::boolean as has_password,
    u.created_at, u.last_login_at, u.admin_by_sign_on, i.issuer, i.subject
from users u left join user_identities i on i.user_id = u.id
where u.id = @id;

-- name: ListMemberships :many
-- Unscoped: of oneself, and of others for administrators.
select gu.group_id, g.name, gu.role from group_users gu join groups g on g.id = gu.group_id
where gu.user_id = @user_id
order by lower(g.name);

-- name: ListUsers :many
-- Unscoped: for administrators.
select u.id, u.name, u.display_name, u.is_admin, u.disabled_at, (u.password_hash is not null)::boolean as has_password,
    u.created_at, u.last_login_at, u.admin_by_sign_on, i.issuer, i.subject
from users u left join user_identities i on i.user_id = u.id
where (@text::text = '' or position(lower(@text) in lower(u.name)) > 0 or position(lower(@text) in lower(u.display_name)) > 0)
  and (@after::text = '' or lower(u.name) > lower(@after))
order by lower(u.name)
limit @max_rows;

-- name: UserByName :one
-- Unscoped: for the command line.
select u.id, u.name, u.display_name, u.is_admin, u.disabled_at, (u.password_hash is not null)::boolean as has_password,
    u.created_at, u.last_login_at, u.admin_by_sign_on, i.issuer, i.subject
from users u left join user_identities i on i.user_id = u.id
where lower(u.name) = lower(@name);

-- name: InsertUser :exec
insert into users (id, name, display_name, is_admin, password_hash)
values (@id, @name, @display_name, @is_admin, sqlc.narg('password_hash'));

-- name: LockUser :one
-- Whether the user is an administrator who may sign in.
-- Unscoped: for administrators.
select (is_admin and disabled_at is null)::boolean from users where id = @id for update;

-- name: UpdateUser :exec
-- Who is no administrator by hand is none by signing on either, until the next time.
update users set name = @name, display_name = @display_name, is_admin = @is_admin, admin_by_sign_on = admin_by_sign_on and @is_admin,
    disabled_at = case when @disabled::boolean then coalesce(disabled_at, now()) end
where id = @id;

-- name: DeleteUser :one
delete from users where id = @id returning name;

-- name: PasswordOfUser :one
-- Unscoped: the caller's own.
select name, coalesce(password_hash, '')::text as password_hash from users where id = @id;

-- name: SetPassword :one
update users set password_hash = @password_hash where id = @id returning name;

-- name: ChangePassword :execrows
-- None where the password is not the one that was compared.
update users set password_hash = @password_hash where id = @id and password_hash = @was and disabled_at is null;

-- name: ListGroupUsers :many
-- Unscoped: for administrators.
select u.id, u.name, u.display_name, gu.role, gu.by_sign_on
from group_users gu join users u on u.id = gu.user_id
where gu.group_id = @group_id
  and (@after::text = '' or lower(u.name) > lower(@after))
order by lower(u.name)
limit @max_rows;
