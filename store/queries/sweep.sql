-- name: HostShards :many
-- The first host of each stretch of so many hosts of a zone, and how many follow from it. Stretches are longer where they would
-- be too many otherwise, besides the last one of each zone.
select zone, id, least(size, total - n + 1)::integer as hosts
from (
    select h.zone, h.id, row_number() over (partition by h.zone order by h.id) as n, count(*) over (partition by h.zone) as total,
        greatest(a.size, (count(*) over () - 1) / a.most + 1) as size
    from hosts h, (select @size::bigint as size, @most::bigint as most) a
    where not @with_checks::boolean or exists (select from host_health_checks c where c.host_id = h.id and c.enabled)) numbered
where (n - 1) % size = 0
order by zone, id;

-- name: ShardHosts :many
-- The next hosts of a shard: those from @first_id to before @end_id that come after @after_id, where these are given.
select h.id, h.fqdn, h.address, h.agent_port
from hosts h
where h.zone = @zone
  and (sqlc.narg('first_id')::uuid is null or h.id >= sqlc.narg('first_id'))
  and (sqlc.narg('end_id')::uuid is null or h.id < sqlc.narg('end_id'))
  and (sqlc.narg('after_id')::uuid is null or h.id > sqlc.narg('after_id'))
  and (not @with_checks::boolean or exists (select from host_health_checks c where c.host_id = h.id and c.enabled))
order by h.id
limit @max_rows;

-- name: EnabledChecks :many
select * from host_health_checks where host_id = any(@host_ids::uuid[]) and enabled order by host_id, slot;

-- name: CountShardChecks :one
-- The enabled checks of the hosts of a shard that come after @after_id.
select count(*)
from hosts h join host_health_checks c on c.host_id = h.id and c.enabled
where h.zone = @zone
  and (sqlc.narg('first_id')::uuid is null or h.id >= sqlc.narg('first_id'))
  and (sqlc.narg('end_id')::uuid is null or h.id < sqlc.narg('end_id'))
  and (sqlc.narg('after_id')::uuid is null or h.id > sqlc.narg('after_id'));

-- name: CountShardHosts :one
select count(*)
from hosts h
where h.zone = @zone
  and (sqlc.narg('first_id')::uuid is null or h.id >= sqlc.narg('first_id'))
  and (sqlc.narg('end_id')::uuid is null or h.id < sqlc.narg('end_id'))
  and (sqlc.narg('after_id')::uuid is null or h.id > sqlc.narg('after_id'));

-- name: CheckWithHost :one
select sqlc.embed(c), sqlc.embed(h)
from host_health_checks c join hosts h on h.id = c.host_id
where c.id = @check_id and h.id = @host_id;
