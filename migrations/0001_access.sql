-- +goose Up
create table users (
    id uuid primary key,
    name text not null check (name <> '' and length(name) <= 100),
    is_admin boolean not null default false,
    created_at timestamptz not null default now()
);
create unique index users_name_key on users (lower(name));

create table api_tokens (
    id uuid primary key,
    user_id uuid not null references users on delete cascade,
    name text not null,
    token_hash bytea not null unique check (length(token_hash) = 32),
    created_at timestamptz not null default now(),
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz
);
create index api_tokens_user on api_tokens (user_id);

create table groups (
    id uuid primary key,
    name varchar(100) not null check (name <> ''),
    description text not null default '' check (length(description) <= 2000),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create unique index groups_name_key on groups (lower(name));

create table group_users (
    group_id uuid not null references groups on delete cascade,
    user_id uuid not null references users on delete cascade,
    role text not null check (role in ('operator', 'viewer')),
    primary key (group_id, user_id)
);
create index group_users_user on group_users (user_id);

-- No foreign keys: an entry outlives all that it names.
create table audit_entries (
    id bigint generated always as identity primary key,
    at timestamptz not null default clock_timestamp(),
    actor_id uuid,
    actor_name text not null,
    action text not null,
    subject_type text not null,
    subject_id text not null,
    request_id text not null default '',
    remote_addr text not null default '',
    detail jsonb not null default '{}'
);
create index audit_entries_subject on audit_entries (subject_type, subject_id);

-- +goose Down
drop table audit_entries, group_users, groups, api_tokens, users;
