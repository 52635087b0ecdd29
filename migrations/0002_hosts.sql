-- +goose Up
create table hosts (
    id uuid primary key,
    fqdn varchar(253) not null check (fqdn <> ''),
    address varchar(253) not null check (address <> ''),
    agent_port integer not null default 12443 check (agent_port between 1 and 65535),
    display_name varchar(200) not null default '',
    labels jsonb not null default '{}' check (jsonb_typeof(labels) = 'object'),
    zone varchar(50) not null default 'default' check (zone <> ''),
    inherit_windows boolean not null default true,
    -- What the last inventory saw; null until the agent was first asked.
    agent_reachable boolean,
    agent_error text not null default '',
    agent_version text not null default '',
    agent_last_seen_at timestamptz,
    certificate_expires_at timestamptz,
    pending_patches integer,
    reboot_required boolean,
    inventory_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
-- One machine registered twice would be patched twice.
create unique index hosts_fqdn_key on hosts (lower(fqdn));
create index hosts_zone on hosts (zone, id);

create table host_inventories (
    host_id uuid primary key references hosts on delete cascade,
    at timestamptz not null,
    os text not null default '',
    os_version text not null default '',
    kernel text not null default '',
    architecture text not null default '',
    cache_status text not null default '',
    last_cache_update timestamptz,
    patches jsonb not null default '[]' check (jsonb_typeof(patches) = 'array')
);

create table group_hosts (
    group_id uuid not null references groups on delete cascade,
    host_id uuid not null references hosts on delete cascade,
    primary key (group_id, host_id)
);
create index group_hosts_host on group_hosts (host_id, group_id);

-- +goose Down
drop table group_hosts, host_inventories, hosts;
