-- +goose Up
-- Read in order of (xid, id) below pg_snapshot_xmin, so a slow transaction is never overtaken and lost.
create table events (
    xid xid8 not null default pg_current_xact_id(),
    id bigint not null generated always as identity,
    at timestamptz not null default clock_timestamp(),
    kind text not null,
    subject_id text not null,
    -- Who may see it, as of then; empty: admins only, unless site is set.
    group_ids uuid[] not null default '{}',
    site boolean not null default false,
    payload jsonb not null default '{}'
) partition by range (at);
create index events_order on events (xid, id);

-- +goose Down
drop table events;
