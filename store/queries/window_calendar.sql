-- name: CalendarWindows :many
-- The windows of every owner that the caller sees, with how many there are on all pages. Of a host those that apply to
-- it, as WindowsOfHosts says, disabled ones included; of a group its own and the site's.
with visible as materialized (
    select w.id, coalesce(h.fqdn::text, g.name::text, '')::text as owner
    from maintenance_windows w
    left join hosts h on h.id = w.host_id
    left join groups g on g.id = w.group_id
    where (@every::boolean or w.scope = 'site' or w.group_id = any(@scope::uuid[])
        or exists (select 1 from group_hosts gh where gh.host_id = w.host_id and gh.group_id = any(@scope)))
      and (sqlc.narg('group_id')::uuid is null or exists (
          select 1 from groups asked
          where asked.id = sqlc.narg('group_id') and (@every or asked.id = any(@scope))
            and (w.group_id = asked.id or w.scope = 'site')))
      and (sqlc.narg('host_id')::uuid is null or exists (
          select 1 from hosts asked
          where asked.id = sqlc.narg('host_id')
            and (@every or exists (
                select 1 from group_hosts gh where gh.host_id = asked.id and gh.group_id = any(@scope)))
            and (w.host_id = asked.id
                or ((asked.inherit_windows or w.kind = 'blackout') and (w.scope = 'site' or exists (
                    select 1 from group_hosts gh where gh.host_id = asked.id and gh.group_id = w.group_id))))))
)
select sqlc.embed(w), v.owner, (select count(*) from visible) as total,
    (@operates_every::boolean or coalesce(w.group_id = any(@operates::uuid[]), false)
        or exists (select 1 from group_hosts gh where gh.host_id = w.host_id and gh.group_id = any(@operates)))::boolean as may_edit
from visible v join maintenance_windows w on w.id = v.id
where sqlc.narg('after')::uuid is null or w.id > sqlc.narg('after')
order by w.id
limit @max_rows;
