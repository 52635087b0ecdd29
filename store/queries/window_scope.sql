-- name: WindowsOfHosts :many
-- Unscoped: the hosts are ones that were read within the scope; windows that apply to a host are its own to show.
-- Every enabled window that applies to the given hosts; a blackout applies also to hosts that inherit no windows.
select h.id as host_id, sqlc.embed(w)
from hosts h join maintenance_windows w on w.enabled and (
    w.host_id = h.id
    or ((h.inherit_windows or w.kind = 'blackout') and (w.scope = 'site'
        or (w.scope = 'group' and exists (select 1 from group_hosts gh where gh.group_id = w.group_id and gh.host_id = h.id)))))
where h.id = any(@host_ids::uuid[])
order by h.id, w.id;
