-- name: InsertSignOn :exec
insert into sign_ons (state_hash, browser_hash, nonce, verifier, return_to, session_id, expires_at)
values (@state_hash, @browser_hash, @nonce, @verifier, @return_to, (select s.id from sessions s where s.token_hash = @session_hash),
    now() + make_interval(secs => @lifetime_seconds::double precision));

-- name: TakeSignOn :one
-- Whoever comes first has it; another browser does not use it up.
delete from sign_ons where state_hash = @state_hash and browser_hash = @browser_hash
returning nonce, verifier, return_to, session_id, (expires_at > now())::boolean as current;

-- name: PruneSignOns :execrows
delete from sign_ons where state_hash in (select s.state_hash from sign_ons s where s.expires_at < now() limit @max_rows);

-- name: LockIdentity :exec
-- One sign-on of somebody at a time, before there is a row to lock, too.
select pg_advisory_xact_lock(hashtextextended(@issuer::text || ' ' || @subject::text, 0));

-- name: UserByIdentity :one
select u.id, u.name, u.is_admin, u.admin_by_sign_on, (u.disabled_at is not null)::boolean as disabled
from user_identities i
join users u on u.id = i.user_id
where i.issuer = @issuer and i.subject = @subject
for update of u;

-- name: InsertSignOnUser :execrows
-- Nothing where the name is taken.
insert into users (id, name) values (@id, @name) on conflict (lower(name)) do nothing;

-- name: InsertIdentity :exec
insert into user_identities (issuer, subject, user_id) values (@issuer, @subject, @user_id);

-- name: RenameUser :execrows
-- Nothing where the name is another one's.
update users u set name = @name
where u.id = @id and not exists (select from users o where lower(o.name) = lower(@name) and o.id <> u.id);

-- name: GroupForSignOn :one
-- Locked against its deletion.
select id from groups where id::text = lower(@key::text) or lower(name) = lower(@key)
order by id::text = lower(@key) desc limit 1
for key share;

-- name: HeldRoles :many
select group_id, role, by_sign_on from group_users where user_id = @user_id order by group_id for update;

-- name: PutGroupUserBySignOn :exec
-- A role given by hand meanwhile stays.
insert into group_users (group_id, user_id, role, by_sign_on) values (@group_id, @user_id, @role, true)
on conflict (group_id, user_id) do update set role = excluded.role where group_users.by_sign_on;

-- name: SetAdminBySignOn :exec
update users set is_admin = @is_admin, admin_by_sign_on = @is_admin where id = @id;

-- name: EndReplacedSession :exec
delete from sessions where id = @id;
