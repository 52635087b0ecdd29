-- +goose Up
alter table users
    add column display_name varchar(200) not null default '',
    -- In the encoded form of argon2id; null for those who sign in otherwise, or work by tokens alone.
    add column password_hash text check (password_hash like '$argon2id$%'),
    add column disabled_at timestamptz,
    add column last_login_at timestamptz;

alter table api_tokens
    add column scopes text[] not null default '{read,write}'
        check (scopes = '{read}' or scopes = '{read,write}');

-- One browser that somebody signed in with. Whoever may not use it any more has no row: the audit remembers.
create table sessions (
    id uuid primary key,
    user_id uuid not null references users on delete cascade,
    token_hash bytea not null unique check (length(token_hash) = 32),
    -- The token before the last renewal, for requests that were under way then.
    previous_hash bytea unique check (length(previous_hash) = 32),
    previous_until timestamptz,
    -- The rights of the user changed: the next request gets another token.
    renew boolean not null default false,
    method text not null check (method in ('password', 'oidc')),
    created_at timestamptz not null default now(),
    last_seen_at timestamptz not null default now(),
    expires_at timestamptz not null,
    remote_addr text not null default '',
    user_agent text not null default '',
    check ((previous_hash is null) = (previous_until is null))
);
create index sessions_user on sessions (user_id, id);
create index sessions_expiry on sessions (expires_at);

-- Browsers that a user once signed in with: these have tries of their own, so that nobody else can use them up.
create table login_devices (
    token_hash bytea primary key check (length(token_hash) = 32),
    user_id uuid not null references users on delete cascade,
    last_login_at timestamptz not null default now()
);
create index login_devices_user on login_devices (user_id, last_login_at);

-- What makes the first administrator. Each process may have shown one.
create table setup_codes (
    code_hash bytea primary key check (length(code_hash) = 32),
    expires_at timestamptz not null
);

-- A role that changed reaches every session by this, whatever changed it.
-- +goose StatementBegin
create function renew_sessions() returns trigger language plpgsql as $$
begin
    if tg_table_name = 'users' then
        update sessions set renew = true where user_id = new.id;
    elsif tg_op = 'DELETE' then
        update sessions set renew = true where user_id = old.user_id;
    else
        update sessions set renew = true where user_id = new.user_id;
    end if;
    return null;
end $$;
-- +goose StatementEnd
create trigger group_users_renew after insert or delete on group_users
    for each row execute function renew_sessions();
create trigger group_users_renew_role after update on group_users
    for each row when (old.role is distinct from new.role) execute function renew_sessions();
create trigger users_renew after update on users
    for each row when (old.is_admin is distinct from new.is_admin) execute function renew_sessions();

-- Without an administrator nobody could make another one. The lock lets one change at a time look: two that each leave
-- the other's administrator would leave none.
-- +goose StatementBegin
create function keep_an_administrator() returns trigger language plpgsql as $$
begin
    perform pg_advisory_xact_lock(hashtext('users_last_administrator'));
    if not exists (select from users where is_admin and disabled_at is null) then
        raise exception 'the last administrator' using errcode = 'check_violation', constraint = 'users_last_administrator';
    end if;
    return null;
end $$;
-- +goose StatementEnd
create constraint trigger users_last_administrator after update on users
    for each row when (old.is_admin and old.disabled_at is null and not (new.is_admin and new.disabled_at is null))
    execute function keep_an_administrator();
create constraint trigger users_last_administrator_deleted after delete on users
    for each row when (old.is_admin and old.disabled_at is null) execute function keep_an_administrator();

-- +goose Down
drop trigger users_last_administrator on users;
drop trigger users_last_administrator_deleted on users;
drop trigger users_renew on users;
drop trigger group_users_renew on group_users;
drop trigger group_users_renew_role on group_users;
drop function keep_an_administrator, renew_sessions;
drop table setup_codes, login_devices, sessions;
alter table api_tokens drop column scopes;
alter table users drop column last_login_at, drop column disabled_at, drop column password_hash, drop column display_name;
