-- name: ListWindows :many
-- Those of the site are everybody's to see.
select * from maintenance_windows w
where w.scope = @owner_scope
  and w.host_id is not distinct from sqlc.narg('host_id')::uuid
  and w.group_id is not distinct from sqlc.narg('group_id')::uuid
  and (sqlc.narg('id')::uuid is null or w.id = sqlc.narg('id'))
  and (sqlc.narg('after')::uuid is null or w.id > sqlc.narg('after'))
  and (@every::boolean or w.scope = 'site' or w.group_id = any(@scope::uuid[])
      or exists (select 1 from group_hosts gh where gh.host_id = w.host_id and gh.group_id = any(@scope)))
order by w.id
limit @max_rows;

-- name: LockCommonWindows :exec
-- Unscoped: nobody's rows are read.
-- For an edit of windows that many hosts have in common. It waits for the admissions under way and they for it, so that
-- no intent that did not see the edit is committed after it was answered.
select pg_advisory_xact_lock(hashtext('maintenance_windows in common'));

-- name: CountWindows :one
-- Unscoped: the owner was locked for the caller before.
select count(*) from maintenance_windows w
where w.scope = @owner_scope
  and w.host_id is not distinct from sqlc.narg('host_id')::uuid
  and w.group_id is not distinct from sqlc.narg('group_id')::uuid;

-- name: InsertWindow :exec
insert into maintenance_windows (id, scope, host_id, group_id, kind, label, time_zone, starts_on, start_time,
    duration_minutes, recurrence, weekdays, day_of_month, nth_week, nth_weekday, enabled)
values (@id, @scope, sqlc.narg('host_id'), sqlc.narg('group_id'), @kind, @label, @time_zone, @starts_on, @start_time,
    @duration_minutes, @recurrence, @weekdays, sqlc.narg('day_of_month'), sqlc.narg('nth_week'),
    sqlc.narg('nth_weekday'), @enabled);

-- name: UpdateWindow :execrows
update maintenance_windows
set kind = @kind, label = @label, time_zone = @time_zone, starts_on = @starts_on, start_time = @start_time,
    duration_minutes = @duration_minutes, recurrence = @recurrence, weekdays = @weekdays,
    day_of_month = sqlc.narg('day_of_month'), nth_week = sqlc.narg('nth_week'),
    nth_weekday = sqlc.narg('nth_weekday'), enabled = @enabled, updated_at = now()
where id = @id and scope = @scope
  and host_id is not distinct from sqlc.narg('host_id')::uuid
  and group_id is not distinct from sqlc.narg('group_id')::uuid;

-- name: DeleteWindow :execrows
delete from maintenance_windows
where id = @id and scope = @owner_scope
  and host_id is not distinct from sqlc.narg('host_id')::uuid
  and group_id is not distinct from sqlc.narg('group_id')::uuid;
