-- name: RightsNow :one
-- Nobody where what the caller was known by has ended, or the user was disabled. All of it is locked against being taken
-- away until the transaction ends.
-- Unscoped: finds out what the caller may.
with token as (
    select t.id from api_tokens t
    where t.id = @credential_id and t.user_id = @user_id and t.revoked_at is null and (t.expires_at is null or t.expires_at > now())
    for share
), session as (
    select s.id from sessions s
    where s.id = @credential_id and s.user_id = @user_id and s.expires_at > now()
    for key share
), role as (
    select gu.group_id, gu.role from group_users gu where gu.user_id = @user_id order by gu.group_id for share
)
select u.is_admin, coalesce((select jsonb_object_agg(r.group_id, r.role) from role r), '{}')::jsonb as roles
from users u
where u.id = @user_id and u.disabled_at is null
  and (exists (select from token) or exists (select from session))
for share of u;
