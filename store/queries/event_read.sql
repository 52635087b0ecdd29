-- name: EventBounds :one
-- Unscoped: nobody's rows are read.
-- Every transaction before first_open is over; next was given to none yet.
select pg_snapshot_xmin(pg_current_snapshot())::xid8 as first_open, pg_snapshot_xmax(pg_current_snapshot())::xid8 as next;

-- name: EventsAfter :many
-- The application compares positions in the way of these two columns.
select xid, id, at, kind, subject_id, group_ids, site, payload
from events
where (xid, id) > (@after_xid::xid8, @after_id::bigint)
  and xid < @below::xid8
  and (@every::boolean or site or group_ids && @scope::uuid[])
order by xid, id
limit @max_rows;

-- name: EventsDropped :one
-- Unscoped: nobody's rows are read.
-- Events of this transaction and of those before it may have been dropped.
select xid from events_dropped;
