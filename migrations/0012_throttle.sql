-- +goose Up
-- What was taken of each limit lately. Not logged: a crash of Postgres only forgives.
create unlogged table throttles (
    bucket bytea primary key check (length(bucket) = 32),
    -- Of those that passed and still count, the oldest first.
    taken timestamptz[] not null,
    -- How many were refused since the last one that passed.
    refused bigint not null default 0,
    forget_at timestamptz not null
);

-- +goose Down
drop table throttles;
