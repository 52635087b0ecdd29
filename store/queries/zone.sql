-- name: ServeZones :exec
-- Who said that it stops does not come back by a word that was under way.
insert into zone_workers (worker_id, zone)
select distinct @worker_id::uuid, z from unnest(@zones::text[]) as z
on conflict (worker_id, zone) do update set seen_at = now();

-- name: LeaveZones :exec
update zone_workers set seen_at = now(), stopped = true where worker_id = @worker_id;

-- name: PruneZoneWorkers :execrows
-- The one that was seen last tells since when its zone is not served, and stays the longest.
delete from zone_workers
where (worker_id, zone) in (
    select w.worker_id, w.zone from zone_workers w
    where w.seen_at < now() - make_interval(secs => @retention_seconds::double precision)
       or (w.seen_at < now() - interval '1 hour'
           and exists (select from zone_workers n where n.zone = w.zone and n.seen_at > w.seen_at))
    limit @max_rows);

-- name: ListZones :many
-- The zones of the hosts that are seen; whoever sees all hosts sees those too that have a worker and no host yet.
select coalesce(h.zone, p.zone)::text as zone, coalesce(h.hosts, 0)::integer as hosts,
    coalesce(p.workers, 0)::integer as workers, p.last_seen_at
from (
    select s.zone, count(*) as hosts
    from hosts s
    where (@every::boolean or s.id in (select gh.host_id from group_hosts gh where gh.group_id = any(@scope::uuid[])))
    group by s.zone) h
full join zone_presence p on p.zone = h.zone
where (h.zone is not null or (@every and p.workers > 0))
  and (@after::text = '' or coalesce(h.zone, p.zone) > @after)
order by 1
limit @max_rows;

-- name: ZoneOfHost :one
select h.zone, coalesce(p.workers, 0)::integer as workers, p.last_seen_at
from hosts h
left join zone_presence p on p.zone = h.zone
where h.id = @host_id
  and (@every::boolean or exists (
      select 1 from group_hosts gh where gh.host_id = h.id and gh.group_id = any(@scope::uuid[])));
