-- The application works as the role patch_manager_app, which owns nothing: the owner of a table can give itself back
-- whatever was taken from it. The owner is the role that migrates.

-- +goose Up
-- Roles belong to the cluster, so migrations of its other databases may be making this one at the same moment.
-- +goose StatementBegin
do $$
begin
    if not exists (select from pg_catalog.pg_roles where rolname = 'patch_manager_app') then
        create role patch_manager_app nologin;
    end if;
exception
    when duplicate_object or unique_violation then
        null; -- another migration was first
    when insufficient_privilege then
        raise exception 'the role patch_manager_app does not exist and % may not create it: run "create role patch_manager_app nologin" as a superuser, then migrate again',
            current_user;
end $$;
-- +goose StatementEnd

-- Where one login is both owner and application, it must be able to become the role; that it made the role does not
-- suffice everywhere. An owner that may not arrange it has another login beside it, or the start of the application says
-- what is missing.
-- +goose StatementBegin
do $$
begin
    if not (select rolsuper from pg_catalog.pg_roles where rolname = current_user) then
        execute format('grant patch_manager_app to %I', current_user);
    end if;
exception
    when duplicate_object or unique_violation then
        null; -- another migration of the same owner was first
    when insufficient_privilege then
        null;
end $$;
-- +goose StatementEnd

grant usage on schema public to patch_manager_app;
grant select, insert, update, delete on all tables in schema public to patch_manager_app;
grant usage on all sequences in schema public to patch_manager_app;
alter default privileges in schema public grant select, insert, update, delete on tables to patch_manager_app;
alter default privileges in schema public grant usage on sequences to patch_manager_app;

-- Entries are only ever added.
revoke update, delete on audit_entries from patch_manager_app;
-- Migrations are the owner's, and what was dropped is written down by the function that drops.
revoke insert, update, delete on goose_db_version, events_dropped from patch_manager_app;

-- These act as the owner, so they are for nobody else who happens to have a login.
revoke execute on function make_partitions(timestamptz, timestamptz), drop_partition(text, timestamptz) from public;
grant execute on function make_partitions(timestamptz, timestamptz), drop_partition(text, timestamptz) to patch_manager_app;

-- The owner itself has to disable these first, which is no accident any more.
-- +goose StatementBegin
create function audit_entries_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'audit entries can only be added: % refused', lower(tg_op) using errcode = 'insufficient_privilege';
end $$;
-- +goose StatementEnd
create trigger audit_entries_rows before update or delete on audit_entries
    for each row execute function audit_entries_append_only();
create trigger audit_entries_statements before update or delete or truncate on audit_entries
    for each statement execute function audit_entries_append_only();
-- Also in a session that takes itself for a replica.
alter table audit_entries enable always trigger audit_entries_rows;
alter table audit_entries enable always trigger audit_entries_statements;

-- +goose Down
drop trigger audit_entries_statements on audit_entries;
drop trigger audit_entries_rows on audit_entries;
drop function audit_entries_append_only();
grant execute on function make_partitions(timestamptz, timestamptz), drop_partition(text, timestamptz) to public;
-- The role stays: other databases of the cluster may work with it.
alter default privileges in schema public revoke all on sequences from patch_manager_app;
alter default privileges in schema public revoke all on tables from patch_manager_app;
revoke all on all functions in schema public from patch_manager_app;
revoke all on all sequences in schema public from patch_manager_app;
revoke all on all tables in schema public from patch_manager_app;
revoke usage on schema public from patch_manager_app;
