-- +goose Up
-- The health of each host by what its enabled checks show, as if all of that were recent: HealthSummary.State as its Rank. Lists
-- and counts read it instead of putting all checks together each time, and only look closer at hosts with an older result.
create table host_health (
    host_id uuid primary key references hosts on delete cascade,
    health smallint not null default 2 check (health between 0 and 3),
    counted_in xid8 -- the transaction that counted last
) with (fillfactor = 70);

create function health_of(host uuid) returns smallint language sql stable return (
    select case
        when count(*) filter (where s.shown = 'unhealthy') > 0 then 0
        when count(*) > count(*) filter (where s.shown = 'healthy') then 1
        when count(*) = 0 then 2 else 3 end
    from host_health_checks c left join health_check_states s on s.check_id = c.id
    where c.host_id = host and c.enabled);

-- +goose StatementBegin
create function host_health_begins() returns trigger language plpgsql as $$
begin
    insert into host_health (host_id) values (new.id);
    return null;
end $$;
-- +goose StatementEnd
create trigger host_health_begins after insert on hosts for each row execute function host_health_begins();

-- At the end of a transaction, so that whoever changes states and checks has locked all of these before, once for a host whatever
-- the number of its changes, and by a statement of its own after the lock, so that it sees what others have changed before they
-- let go of it.
-- +goose StatementBegin
create function host_health_follows() returns trigger language plpgsql as $$
declare
    host uuid := coalesce(new.host_id, old.host_id);
begin
    perform from host_health where host_id = host and counted_in is distinct from pg_current_xact_id() for update;
    if found then
        update host_health set health = health_of(host), counted_in = pg_current_xact_id() where host_id = host;
    end if;
    return null;
end $$;
-- +goose StatementEnd

create constraint trigger host_health_states after insert or delete on health_check_states
    deferrable initially deferred for each row execute function host_health_follows();
create constraint trigger host_health_shown after update on health_check_states
    deferrable initially deferred for each row when (old.shown <> new.shown) execute function host_health_follows();
create constraint trigger host_health_checks after insert or delete on host_health_checks
    deferrable initially deferred for each row execute function host_health_follows();
create constraint trigger host_health_enabled after update on host_health_checks
    deferrable initially deferred for each row when (old.enabled <> new.enabled) execute function host_health_follows();

-- Last, as the triggers have locked out whoever writes meanwhile: who was first has ended and is seen, and who waits has them.
insert into host_health (host_id, health) select id, health_of(id) from hosts;

-- +goose Down
drop trigger host_health_begins on hosts;
drop trigger host_health_states on health_check_states;
drop trigger host_health_shown on health_check_states;
drop trigger host_health_checks on host_health_checks;
drop trigger host_health_enabled on host_health_checks;
drop table host_health;
drop function host_health_begins();
drop function host_health_follows();
drop function health_of(uuid);
