-- name: LateHosts :many
-- Hosts with a state of an enabled check from before a time. It reads all states, whatever it finds.
-- Unscoped: says which hosts a query looks at closely, which filters what it tells by itself.
select distinct s.host_id
from health_check_states s join host_health_checks c on c.id = s.check_id and c.enabled
where s.checked_at < @before limit @most;

-- name: InsertHost :exec
insert into hosts (id, fqdn, address, agent_port, display_name, labels, zone, inherit_windows)
values (@id, @fqdn, @address, @agent_port, @display_name, @labels, @zone, @inherit_windows);

-- name: UpdateHost :exec
update hosts
set fqdn = @fqdn, address = @address, agent_port = @agent_port, display_name = @display_name, labels = @labels,
    zone = @zone, inherit_windows = @inherit_windows, updated_at = now()
where id = @id;

-- name: LockHost :one
-- Locked against every other change of the host, its memberships and its checks.
select h.fqdn
from hosts h
where h.id = @id
  and (@every::boolean or exists (
      select 1 from group_hosts gh where gh.host_id = h.id and gh.group_id = any(@scope::uuid[])))
for no key update of h;

-- name: GroupsOfHost :many
-- Unscoped: the host was locked for the caller before.
-- Read after the lock was taken: a statement that waits for a lock sees other tables as they were before it waited.
select group_id from group_hosts where host_id = @host_id order by group_id;

-- name: LockHostForDelete :one
-- Unscoped: the host was locked for the caller before.
-- Admission shares a lock on the host while it commits an intent, so that none appears beside a deletion.
select id from hosts where id = @id for update;

-- name: HostHasUnfinishedAttempt :one
-- Unscoped: the host was locked for the caller before.
select exists (select 1 from patch_attempts where host_id = @host_id and finished_at is null);

-- name: DeleteHost :exec
delete from hosts where id = @id;

-- name: KeepGroupsOfDeletedHost :exec
-- The rows of jobs that outlive the host stay with those who saw it last, not with those who saw it when the job was made.
update job_hosts set group_ids = @group_ids where host_id = @host_id;

-- name: AddHostToGroups :exec
insert into group_hosts (group_id, host_id)
select g, @host_id from unnest(@group_ids::uuid[]) as g
on conflict do nothing;

-- name: RemoveHostFromGroups :execrows
delete from group_hosts where host_id = @host_id and group_id = any(@group_ids::uuid[]);

-- name: HostInventory :one
select i.at, i.os, i.os_version, i.kernel, i.architecture, i.cache_status, i.last_cache_update, i.patches, h.reboot_required
from hosts h
join host_inventories i on i.host_id = h.id
where h.id = @id
  and (@every::boolean or exists (
      select 1 from group_hosts gh where gh.host_id = h.id and gh.group_id = any(@scope::uuid[])));

-- name: HostSeen :one
select exists (
    select 1 from hosts h
    where h.id = @id
      and (@every::boolean or exists (
          select 1 from group_hosts gh where gh.host_id = h.id and gh.group_id = any(@scope::uuid[]))));
