-- +goose Up
create table maintenance_windows (
    id uuid primary key,
    scope text not null check (scope in ('host', 'group', 'site')),
    host_id uuid references hosts on delete cascade,
    group_id uuid references groups on delete cascade,
    kind text not null check (kind in ('maintenance', 'blackout')),
    label varchar(200) not null default '',
    time_zone text not null,
    starts_on date not null,
    start_time time not null,
    duration_minutes integer not null check (duration_minutes between 1 and 10080),
    recurrence text not null check (recurrence in ('once', 'daily', 'weekly', 'monthly')),
    weekdays text[] not null default '{}'
        check (weekdays <@ array['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']),
    -- 1 to 31, or 32 for the last day; with nth_week 1 to 4, or 5 for the last.
    day_of_month smallint check (day_of_month between 1 and 32),
    nth_week smallint check (nth_week between 1 and 5),
    nth_weekday text check (nth_weekday in ('mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun')),
    enabled boolean not null default true,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint maintenance_windows_scope_fields check (
        (scope = 'host' and host_id is not null and group_id is null)
        or (scope = 'group' and group_id is not null and host_id is null)
        or (scope = 'site' and host_id is null and group_id is null)),
    constraint maintenance_windows_weekly check ((recurrence = 'weekly') = (cardinality(weekdays) > 0)),
    constraint maintenance_windows_nth check (num_nulls(nth_week, nth_weekday) in (0, 2)),
    constraint maintenance_windows_monthly check (
        (recurrence = 'monthly') = (num_nonnulls(day_of_month, nth_week) = 1)
        and (recurrence = 'monthly' or num_nonnulls(day_of_month, nth_week) = 0))
);
create index maintenance_windows_host on maintenance_windows (host_id) where host_id is not null;
create index maintenance_windows_group on maintenance_windows (group_id) where group_id is not null;
create index maintenance_windows_site on maintenance_windows (id) where scope = 'site';

-- +goose Down
drop table maintenance_windows;
