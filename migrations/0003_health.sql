-- +goose Up
create table encryption_keys (
    id smallint primary key,
    canary bytea not null,
    canary_nonce bytea not null,
    created_at timestamptz not null default now()
);

create table host_health_checks (
    id uuid primary key,
    host_id uuid not null references hosts on delete cascade,
    -- The slot is how the database holds the limit of five under any number of parallel creates.
    slot smallint not null check (slot between 1 and 5),
    name varchar(100) not null check (name <> ''),
    check_type varchar(20) not null check (check_type in ('service', 'http')),
    enabled boolean not null default true,
    service_name varchar(200),
    url text check (length(url) <= 2048),
    expected_body varchar(500) check (expected_body <> ''),
    ignore_cert_errors boolean not null default true,
    basic_auth_user varchar(100),
    basic_auth_pass_encrypted bytea,
    basic_auth_pass_nonce bytea,
    basic_auth_key_id smallint references encryption_keys,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    -- When what it asks last changed, kept by a trigger; a run of the check carries it, so that a result of an earlier
    -- definition can not pass for one of this.
    defined_at timestamptz not null default clock_timestamp(),
    constraint host_health_checks_slot_key unique (host_id, slot),
    constraint host_health_checks_name_key unique (host_id, name),
    constraint host_health_checks_type_fields check (
        (check_type = 'service' and service_name is not null and url is null and expected_body is null
            and basic_auth_user is null and basic_auth_pass_encrypted is null)
        or (check_type = 'http' and url is not null and expected_body is not null and service_name is null)),
    constraint host_health_checks_password_whole check (
        num_nulls(basic_auth_pass_encrypted, basic_auth_pass_nonce, basic_auth_key_id) in (0, 3))
);

-- The current state of a check, so that no page or gate ever scans the results.
create table health_check_states (
    check_id uuid primary key references host_health_checks on delete cascade,
    host_id uuid not null,
    outcome text not null check (outcome in ('healthy', 'unhealthy', 'error')),
    healthy boolean not null check (healthy = (outcome = 'healthy')),
    detail text not null,
    latency_ms integer not null,
    checked_at timestamptz not null,
    since timestamptz not null,
    consecutive integer not null default 1
) with (fillfactor = 70);
create index health_check_states_host on health_check_states (host_id);

-- A check that asks something else has no state yet, whoever edits it: yesterday's "healthy" was about another question.
-- +goose StatementBegin
create function health_check_redefined() returns trigger language plpgsql as $$
begin
    new.defined_at := clock_timestamp();
    delete from health_check_states where check_id = new.id;
    return new;
end $$;
-- +goose StatementEnd
create trigger host_health_checks_redefined before update on host_health_checks for each row
    when ((old.check_type, old.service_name, old.url, old.expected_body, old.ignore_cert_errors, old.basic_auth_user,
            old.basic_auth_pass_encrypted)
        is distinct from (new.check_type, new.service_name, new.url, new.expected_body, new.ignore_cert_errors,
            new.basic_auth_user, new.basic_auth_pass_encrypted))
    execute function health_check_redefined();

-- Another name is another machine.
-- +goose StatementBegin
create function host_renamed() returns trigger language plpgsql as $$
begin
    update host_health_checks set defined_at = clock_timestamp() where host_id = new.id;
    delete from health_check_states where host_id = new.id;
    return null;
end $$;
-- +goose StatementEnd
create trigger hosts_renamed after update on hosts for each row
    when (lower(old.fqdn) <> lower(new.fqdn)) execute function host_renamed();

-- No foreign key: whole partitions are dropped, and the rows of a deleted check go with theirs.
create table host_health_check_results (
    check_id uuid not null,
    checked_at timestamptz not null,
    outcome text not null check (outcome in ('healthy', 'unhealthy', 'error')),
    healthy boolean not null check (healthy = (outcome = 'healthy')),
    detail text not null,
    latency_ms integer not null,
    primary key (check_id, checked_at)
) partition by range (checked_at);

-- +goose Down
drop trigger hosts_renamed on hosts;
drop function host_renamed();
drop table host_health_check_results, health_check_states, host_health_checks, encryption_keys;
drop function health_check_redefined();
