-- name: InsertGroup :exec
insert into groups (id, name, description) values (@id, @name, @description);

-- name: UpdateGroup :execrows
update groups set name = @name, description = @description, updated_at = now() where id = @id;

-- name: DeleteGroup :execrows
delete from groups where id = @id;

-- name: LockGroup :one
select id, name from groups
where id = @id and (@every::boolean or id = any(@scope::uuid[]))
for update;

-- name: GetGroup :one
select g.id, g.name, g.description, g.created_at, g.updated_at,
    (select count(*) from group_hosts gh where gh.group_id = g.id)::integer as host_count,
    (select count(*) from group_users gu where gu.group_id = g.id)::integer as user_count
from groups g
where g.id = @id and (@every::boolean or g.id = any(@scope::uuid[]));

-- name: ListGroups :many
select g.id, g.name, g.description, g.created_at, g.updated_at,
    (select count(*) from group_hosts gh where gh.group_id = g.id)::integer as host_count,
    (select count(*) from group_users gu where gu.group_id = g.id)::integer as user_count
from groups g
where (@every::boolean or g.id = any(@scope::uuid[]))
  and (@text::text = '' or position(lower(@text) in lower(g.name)) > 0)
  and (@after::text = '' or lower(g.name) > lower(@after))
order by lower(g.name)
limit @max_rows;

-- name: ExistingGroups :many
-- Unscoped: the caller is told of none that he does not see.
-- Of the groups asked for those that exist, locked against their deletion.
select id from groups where id = any(@ids::uuid[]) order by id for key share;

-- name: WakeHostsOfGroup :exec
insert into wakeups (host_id, reason)
select gh.host_id, @reason::text from group_hosts gh where gh.group_id = @group_id;

-- name: PutGroupUser :exec
insert into group_users (group_id, user_id, role) values (@group_id, @user_id, @role)
on conflict (group_id, user_id) do update set role = excluded.role, by_sign_on = false;

-- name: DeleteGroupUser :execrows
delete from group_users where group_id = @group_id and user_id = @user_id;
