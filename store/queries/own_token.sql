-- name: ListTokens :many
-- Unscoped: the caller's own; of everybody for administrators.
select t.id, t.user_id, u.name as owner, t.name, t.scopes, t.created_at, t.expires_at, t.last_used_at
from api_tokens t join users u on u.id = t.user_id
where t.revoked_at is null
  and (@every::boolean or t.user_id = @caller)
  and (sqlc.narg('user_id')::uuid is null or t.user_id = sqlc.narg('user_id'))
  and (sqlc.narg('before')::uuid is null or t.id < sqlc.narg('before'))
order by t.id desc
limit @max_rows;

-- name: GetToken :one
-- Unscoped: the caller's own; of everybody for administrators.
select t.id, t.user_id, u.name as owner, t.name, t.scopes, t.created_at, t.expires_at, t.last_used_at
from api_tokens t join users u on u.id = t.user_id
where t.id = @id and t.revoked_at is null and (@every::boolean or t.user_id = @caller);

-- name: RevokeToken :one
update api_tokens set revoked_at = now()
where id = @id and revoked_at is null and (@every::boolean or user_id = @caller)
returning name, user_id;

-- name: RevokeMadeTokens :execrows
-- Those that a token made, and those that these made.
-- Unscoped: the token was revoked for its owner before.
with recursive made as (
    select t.id from api_tokens t where t.made_by = @id::uuid
    union
    select t.id from api_tokens t join made m on t.made_by = m.id
)
update api_tokens set revoked_at = now() where id in (select id from made) and revoked_at is null;

-- name: PruneTokens :execrows
-- The audit remembers them for longer.
delete from api_tokens where id in (
    select t.id from api_tokens t
    where t.revoked_at < now() - interval '30 days' or t.expires_at < now() - interval '30 days'
    limit @max_rows);
