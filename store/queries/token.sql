-- name: PrincipalByToken :one
-- The caller with the roles held now; nobody where the token is unknown, expired or revoked, or the user disabled.
select t.id as token_id, t.last_used_at, t.expires_at, (t.scopes = '{read}')::boolean as read_only, u.id as user_id, u.name, u.is_admin,
    coalesce((select jsonb_object_agg(gu.group_id, gu.role) from group_users gu where gu.user_id = u.id), '{}')::jsonb as roles
from api_tokens t
join users u on u.id = t.user_id
where t.token_hash = @token_hash
  and t.revoked_at is null
  and (t.expires_at is null or t.expires_at > now())
  and u.disabled_at is null;

-- name: TouchToken :exec
-- Not worth waiting for: a change under way holds the token.
update api_tokens set last_used_at = now()
where id = (
    select t.id from api_tokens t
    where t.id = @id and (t.last_used_at is null or t.last_used_at < now() - interval '1 minute')
    for no key update skip locked);

-- name: InsertToken :exec
insert into api_tokens (id, user_id, name, token_hash, scopes, expires_at, made_by)
values (@id, @user_id, @name, @token_hash, @token_scopes, sqlc.narg('expires_at'), sqlc.narg('made_by'));

-- name: UpsertUser :one
-- Who is made an administrator here is one by hand from now on, though the identity provider said so before.
insert into users (id, name, is_admin) values (@id, @name, @is_admin)
on conflict (lower(name)) do update set is_admin = users.is_admin or excluded.is_admin,
    admin_by_sign_on = users.admin_by_sign_on and not excluded.is_admin
returning id, name, is_admin;

-- name: GroupByIDOrName :one
select id from groups where id::text = lower(@key::text) or lower(name) = lower(@key) order by id::text = lower(@key) desc limit 1;
