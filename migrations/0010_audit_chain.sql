-- +goose Up
-- The number of an entry becomes its place in the chain, given under a lock and without gaps, where an identity leaves one
-- behind every transaction that was taken back. The text of a detail is kept as it was written: the hash is over it, and
-- jsonb would order it anew.
alter table audit_entries alter column id drop identity;
alter table audit_entries rename column id to seq;
alter table audit_entries
    alter column at drop default,
    alter column detail drop default,
    alter column detail type json using detail::json,
    add column prev_hash bytea,
    add column hash bytea,
    -- Not of the entries that are there already: `audit seal` vouches for those.
    add constraint audit_entries_chained check (
        seq >= 1 and prev_hash is not null and length(prev_hash) = 32 and hash is not null and length(hash) = 32) not valid;
-- What entries are asked by; they come in the order of their numbers, which is that of time, too.
create index audit_entries_actor on audit_entries (lower(actor_name), seq);
create index audit_entries_action on audit_entries (action, seq);
create index audit_entries_request on audit_entries (request_id) where request_id <> '';
create index audit_entries_at on audit_entries using brin (at);

-- +goose Down
drop index audit_entries_at;
drop index audit_entries_request;
drop index audit_entries_action;
drop index audit_entries_actor;
alter table audit_entries
    drop constraint audit_entries_chained,
    drop column hash,
    drop column prev_hash,
    alter column detail type jsonb using detail::jsonb,
    alter column detail set default '{}',
    alter column at set default clock_timestamp();
alter table audit_entries rename column seq to id;
alter table audit_entries alter column id add generated always as identity;
select setval(pg_get_serial_sequence('audit_entries', 'id'), (select coalesce(max(id), 0) + 1 from audit_entries), false);
