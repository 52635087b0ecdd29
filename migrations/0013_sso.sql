-- +goose Up
-- Who somebody is to the identity provider. Names and mail addresses are given to others in time, subjects never.
create table user_identities (
    issuer text not null check (issuer <> ''),
    subject text not null check (length(subject) between 1 and 255),
    user_id uuid not null unique references users on delete cascade,
    created_at timestamptz not null default now(),
    primary key (issuer, subject)
);

-- Browsers that are at the identity provider. Each row is used once.
create table sign_ons (
    state_hash bytea primary key check (length(state_hash) = 32),
    browser_hash bytea not null check (length(browser_hash) = 32),
    nonce text not null,
    verifier text not null,
    return_to text not null,
    -- What the browser was signed in with when it left: the callback comes from a foreign page, without that cookie.
    session_id uuid references sessions on delete set null,
    expires_at timestamptz not null
);
create index sign_ons_expiry on sign_ons (expires_at);

-- What came by signing on follows the identity provider; what was given by hand stays.
alter table group_users add column by_sign_on boolean not null default false;
alter table users add column admin_by_sign_on boolean not null default false check (is_admin or not admin_by_sign_on);

-- The guard is against mistakes made by hand. Who is an administrator by signing on is so no longer when the provider
-- says so, and again when it says that.
drop trigger users_last_administrator on users;
create constraint trigger users_last_administrator after update on users
    for each row when (old.is_admin and not old.admin_by_sign_on and old.disabled_at is null
        and not (new.is_admin and new.disabled_at is null))
    execute function keep_an_administrator();

-- +goose Down
drop trigger users_last_administrator on users;
create constraint trigger users_last_administrator after update on users
    for each row when (old.is_admin and old.disabled_at is null and not (new.is_admin and new.disabled_at is null))
    execute function keep_an_administrator();
alter table users drop column admin_by_sign_on;
alter table group_users drop column by_sign_on;
drop table sign_ons, user_identities;
