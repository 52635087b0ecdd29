-- +goose Up
-- The application's role owns no table: it makes and drops partitions through these functions of the owner, which take
-- no other table. The tables are in schema public; pg_temp comes last so that nothing temporary shadows them.

-- +goose StatementBegin
create function partition_step(parent text) returns interval language sql immutable as $$
    select case parent
        -- A daily partition with the results' key writes nine times the log of an hourly one.
        when 'host_health_check_results' then interval '1 hour'
        -- Every read of the stream looks into each of these, so there are few.
        when 'events' then interval '6 hours'
    end
$$;
-- +goose StatementEnd

-- Makes the missing partitions that cover [since, until] and returns how many it made. A new one is attached after it was
-- made, because that blocks neither readers nor writers of the parent.
-- +goose StatementBegin
create function make_partitions(since timestamptz, until timestamptz) returns integer
    language plpgsql security definer set search_path = public, pg_temp as $$
declare
    parent text;
    child text;
    step interval;
    start timestamptz;
    made integer := 0;
begin
    if until - since > interval '40 days' then
        raise exception 'partitions for more than 40 days asked for';
    end if;
    perform pg_advisory_xact_lock(hashtext('make_partitions'));
    foreach parent in array array['host_health_check_results', 'events'] loop
        step := partition_step(parent);
        start := date_bin(step, since, timestamptz '2000-01-01 00:00:00+00');
        while start <= until loop
            child := parent || to_char(start at time zone 'UTC', '_YYYYMMDD_HH24');
            if to_regclass(child) is null then
                execute format('create table %I (like %I including defaults including constraints)', child, parent);
                execute format('alter table %I attach partition %I for values from (%L) to (%L)', parent, child, start, start + step);
                made := made + 1;
            end if;
            start := start + step;
        end loop;
    end loop;
    return made;
end $$;
-- +goose StatementEnd

-- Whose events were dropped, so that who wants to resume behind them is told what it missed. One row.
create table events_dropped (
    one boolean primary key default true check (one),
    xid xid8 not null
);
insert into events_dropped (xid) values ('0');

-- Drops the oldest partition of parent that holds nothing at or after before, and returns its name, or null when there is
-- none. One at a time, each in a transaction of its own, and giving up within a second: whoever waits for the lock makes
-- every reader and writer of the parent wait behind.
-- +goose StatementBegin
create function drop_partition(parent text, before timestamptz) returns text
    language plpgsql security definer set search_path = public, pg_temp set lock_timeout = '1s' as $$
declare
    child text;
begin
    if partition_step(parent) is null then
        raise exception 'no partitions of % to drop', parent;
    end if;
    select c.relname into child
    from pg_catalog.pg_inherits i
    join pg_catalog.pg_class c on c.oid = i.inhrelid
    cross join lateral substring(pg_catalog.pg_get_expr(c.relpartbound, c.oid) from 'TO \(''(.*)''\)$') as bound
    where i.inhparent = parent::regclass and bound::timestamptz <= before
    order by bound::timestamptz
    limit 1;
    if child is not null and parent = 'events' then
        execute format('update events_dropped d set xid = e.xid
            from (select xid from %I order by xid desc limit 1) e where e.xid > d.xid', child);
    end if;
    if child is not null then
        execute format('drop table %I', child);
    end if;
    return child;
end $$;
-- +goose StatementEnd

-- For a start; the worker makes those of the next two days.
select make_partitions(now() - interval '1 hour', now() + interval '1 hour');

create index jobs_completed on jobs (completed_at) where completed_at is not null;

-- When the agent was last asked, whether it answered or not: an answer that comes in late must not undo a later one.
alter table hosts add column agent_asked_at timestamptz;

-- +goose Down
alter table hosts drop column agent_asked_at;
drop index jobs_completed;
drop function drop_partition(text, timestamptz);
drop table events_dropped;
drop function make_partitions(timestamptz, timestamptz);
drop function partition_step(text);
