-- +goose Up
create table jobs (
    id uuid primary key,
    created_by uuid not null,
    created_by_name text not null,
    created_at timestamptz not null default clock_timestamp(),
    packages text[] check (cardinality(packages) > 0),
    immediate boolean not null default false,
    not_before timestamptz,
    allow_reboot boolean not null default false,
    -- As asked ("5" or "10%") and as resolved against the number of hosts at creation.
    max_parallel text not null,
    max_failures text not null,
    max_parallel_hosts integer not null check (max_parallel_hosts >= 1),
    max_failures_hosts integer not null check (max_failures_hosts >= 1),
    gate_timeout_seconds bigint not null check (gate_timeout_seconds > 0),
    max_wait_seconds bigint not null check (max_wait_seconds > 0),
    notes text not null default '',
    retry_of uuid,
    idempotency_key text,
    request_hash bytea,
    cancel_requested_at timestamptz,
    cancel_requested_by text,
    run_id text not null default '',
    started_at timestamptz,
    completed_at timestamptz
);
create unique index jobs_idempotency_key on jobs (created_by, idempotency_key) where idempotency_key is not null;
create index jobs_created on jobs (created_at desc, id desc);
create index jobs_unfinished on jobs (id) where completed_at is null;

create table job_hosts (
    job_id uuid not null references jobs on delete cascade,
    -- No foreign key: the row keeps its copy of name and groups and outlives the host.
    host_id uuid not null,
    fqdn text not null,
    zone text not null,
    group_ids uuid[] not null default '{}',
    batch integer not null,
    status text not null default 'queued' check (status in ('queued', 'waiting_window', 'waiting_health_check', 'waiting_slot',
        'running', 'succeeded', 'failed', 'cancelled', 'skipped', 'indeterminate')),
    phase text check (phase in ('dispatching', 'applying', 'rebooting', 'verifying')),
    reason text,
    detail text not null default '',
    attempted boolean not null default false,
    -- The span it waits for or, once entered, the only one it may ever use.
    span_starts_at timestamptz,
    span_last_start_at timestamptz,
    span_ends_at timestamptz,
    span_entered_at timestamptz,
    -- Immediate jobs: when the gate timeout began, and the slot waits that do not count.
    gate_started_at timestamptz,
    slot_wait_started_at timestamptz,
    slot_wait_seconds double precision not null default 0,
    slot_woken_at timestamptz,
    wait jsonb,
    cancel_requested_at timestamptz,
    cancel_requested_by text,
    agent_job_id text,
    progress smallint check (progress between 0 and 100),
    times jsonb not null default '{}',
    settle_note text,
    updated_at timestamptz not null default clock_timestamp(),
    primary key (job_id, host_id),
    constraint job_hosts_phase check ((phase is not null) = (status = 'running')),
    constraint job_hosts_reason check (reason is not null or status not in ('failed', 'cancelled', 'skipped', 'indeterminate'))
);
create index job_hosts_host on job_hosts (host_id, job_id);
create index job_hosts_waiting on job_hosts (host_id)
    where status in ('queued', 'waiting_window', 'waiting_health_check', 'waiting_slot')
        or (status = 'running' and phase = 'dispatching');
create index job_hosts_status on job_hosts (job_id, status);

-- An attempt is the intent, committed before the agent is asked for anything that changes the host.
create table patch_attempts (
    id uuid primary key,
    job_id uuid not null references jobs on delete cascade,
    host_id uuid not null,
    number smallint not null check (number between 1 and 5),
    -- none: nothing to apply, the attempt is only for a reboot.
    state text not null default 'prepared' check (state in ('prepared', 'accepted', 'refused', 'unknown', 'none')),
    prepared_at timestamptz not null default clock_timestamp(),
    -- Nothing may be sent at or after this instant, whoever holds the request.
    send_before timestamptz not null,
    agent_jobs_seen text[] not null default '{}',
    agent_job_id text,
    agent_uptime_seconds bigint,
    packages jsonb not null default '[]' check (jsonb_typeof(packages) = 'array'),
    reboot_state text check (reboot_state in ('prepared', 'accepted', 'refused', 'unknown', 'done', 'failed')),
    reboot_requested_at timestamptz,
    error text not null default '',
    -- A slot is an attempt that was not released yet; it has no time-to-live, its durable run ends it.
    slot_released_at timestamptz,
    -- Unset while the outcome is open, an indeterminate one included: it blocks the host for every job.
    finished_at timestamptz,
    unique (job_id, host_id, number)
);
-- At most once: a second attempt of one job on one host needs every earlier one refused.
create unique index patch_attempts_once on patch_attempts (job_id, host_id) where state <> 'refused';
-- One host is never patched concurrently with itself.
create unique index patch_attempts_host_busy on patch_attempts (host_id) where finished_at is null;
create index patch_attempts_slots on patch_attempts (job_id) where slot_released_at is null;

create table gate_evaluations (
    job_id uuid not null references jobs on delete cascade,
    host_id uuid not null,
    at timestamptz not null,
    verdict text not null,
    detail text not null default '',
    checks jsonb not null default '[]',
    next_try_at timestamptz,
    primary key (job_id, host_id, at)
);

create table job_host_output (
    job_id uuid not null references jobs on delete cascade,
    host_id uuid not null,
    seq integer not null,
    at timestamptz not null default clock_timestamp(),
    line text not null,
    primary key (job_id, host_id, seq)
);
create index job_host_output_at on job_host_output (at);

-- Edits that waiting runs must hear of, written with the edit; WakeRuns signals the runs and deletes the row.
create table wakeups (
    id bigint generated always as identity primary key,
    at timestamptz not null default clock_timestamp(),
    host_id uuid,
    group_id uuid,
    job_id uuid,
    -- All three null: every waiting run.
    reason text not null
);

-- +goose Down
drop table wakeups, job_host_output, gate_evaluations, patch_attempts, job_hosts, jobs;
