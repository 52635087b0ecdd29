-- name: UpdateHostAgent :one
-- What an inventory shows in the host's own row; no row where the host is gone or was asked later already. What an
-- agent did not answer stays as it said it before.
with old as (
    select o.id, o.agent_reachable, o.agent_error, o.agent_version, o.pending_patches, o.reboot_required
    from hosts o where o.id = @host_id for no key update)
update hosts h
set agent_asked_at = @at::timestamptz, agent_reachable = @reachable::boolean, agent_error = @error::text,
    agent_version = case when @version::text <> '' then @version::text else h.agent_version end,
    agent_last_seen_at = case when @reachable::boolean then @at::timestamptz else h.agent_last_seen_at end,
    certificate_expires_at = coalesce(sqlc.narg('certificate_expires_at')::timestamptz, h.certificate_expires_at),
    pending_patches = case when @complete::boolean then @pending::integer else h.pending_patches end,
    reboot_required = case when @complete::boolean then @reboot_required::boolean else h.reboot_required end,
    inventory_at = case when @complete::boolean then @at::timestamptz else h.inventory_at end
from old
where h.id = old.id and (h.agent_asked_at is null or h.agent_asked_at < @at::timestamptz)
returning ((h.agent_reachable, h.agent_error, h.agent_version, h.pending_patches, h.reboot_required)
    is distinct from (old.agent_reachable, old.agent_error, old.agent_version, old.pending_patches, old.reboot_required))::boolean as changed,
    array(select gh.group_id from group_hosts gh where gh.host_id = h.id order by gh.group_id)::uuid[] as group_ids;

-- name: UpsertInventory :one
with old as (select o.patches from host_inventories o where o.host_id = @host_id)
insert into host_inventories as i (host_id, at, os, os_version, kernel, architecture, cache_status, last_cache_update, patches)
values (@host_id, @at, @os, @os_version, @kernel, @architecture, @cache_status, sqlc.narg('last_cache_update'), @patches)
on conflict (host_id) do update
set at = excluded.at, os = excluded.os, os_version = excluded.os_version, kernel = excluded.kernel,
    architecture = excluded.architecture, cache_status = excluded.cache_status,
    last_cache_update = excluded.last_cache_update, patches = excluded.patches
returning ((select old.patches from old) is distinct from i.patches)::boolean as changed;
