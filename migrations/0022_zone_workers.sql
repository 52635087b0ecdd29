-- +goose Up
-- Which worker processes serve which zones: each says so again every ten seconds while it takes what is to be done there. What
-- stopped stays for a while, to tell since when nobody has served its zone.
create table zone_workers (
    worker_id uuid not null,
    zone varchar(50) not null check (zone <> ''),
    seen_at timestamptz not null default now(),
    stopped boolean not null default false,
    primary key (worker_id, zone)
) with (fillfactor = 50);

-- A zone is served while some worker of it was seen within the last 30 s, which is three times as often as they say so.
create view zone_presence as
select zone, (count(*) filter (where not stopped and seen_at >= now() - interval '30 seconds'))::integer as workers,
    max(seen_at)::timestamptz as last_seen_at
from zone_workers
group by zone;

-- +goose Down
drop view zone_presence;
drop table zone_workers;
