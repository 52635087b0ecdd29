-- +goose Up
-- Machines that ask for a certificate. A stranger writes these rows: every column is bounded, and so is their number.
create table enrolments (
    id uuid primary key,
    machine_id varchar(128) not null check (machine_id <> ''),
    fqdn varchar(253) not null check (fqdn <> ''),
    ip_address varchar(45) not null check (ip_address <> ''),
    hostname varchar(253) not null default '',
    os_details jsonb not null default '{}' check (jsonb_typeof(os_details) = 'object' and length(os_details::text) <= 8192),
    -- Whom the request came from, which the machine can not choose.
    remote_addr varchar(64) not null,
    remote_network varchar(64) not null,
    token_hash bytea not null unique check (length(token_hash) = 32),
    status text not null default 'pending' check (status in ('pending', 'approved', 'denied', 'delivered')),
    created_at timestamptz not null default now(),
    decided_at timestamptz,
    decided_by text,
    -- No foreign key: the record outlives the host.
    host_id uuid,
    delivered_at timestamptz,
    constraint enrolments_decided check ((status = 'pending') = (decided_at is null)),
    constraint enrolments_host check ((status in ('approved', 'delivered')) = (host_id is not null)),
    constraint enrolments_delivered check ((status = 'delivered') = (delivered_at is not null))
);
-- One machine waits once: who asks again has lost the token of the request before.
create unique index enrolments_machine_waits on enrolments (machine_id) where status = 'pending';
create index enrolments_created on enrolments (created_at desc, id desc);

-- What the built-in authority issued, and what was revoked of it. No foreign keys: a revocation outlives host and request.
create table certificates (
    serial text primary key check (serial ~ '^([0-9a-f]{2}){1,20}$'),
    host_id uuid not null,
    fqdn text not null,
    enrolment_id uuid,
    -- Null of a certificate that was issued elsewhere and became known by its revocation.
    issued_at timestamptz,
    expires_at timestamptz,
    revoked_at timestamptz,
    revoked_by text,
    revocation_reason text not null default '' check (length(revocation_reason) <= 500),
    constraint certificates_issued check ((issued_at is null) = (expires_at is null)),
    constraint certificates_known check (issued_at is not null or revoked_at is not null),
    constraint certificates_revoked_by check ((revoked_at is null) = (revoked_by is null))
);
create index certificates_host on certificates (host_id);
create index certificates_revoked on certificates (serial) where revoked_at is not null;

-- +goose Down
drop table certificates, enrolments;
