-- name: Canaries :many
select id, canary, canary_nonce from encryption_keys order by id;

-- name: Canary :one
select id, canary, canary_nonce from encryption_keys where id = @id;

-- name: InsertCanary :execrows
-- Not for an id that was retired meanwhile.
insert into encryption_keys (id, canary, canary_nonce)
select @id::smallint, @canary::bytea, @canary_nonce::bytea
where not exists (select 1 from retired_encryption_keys r where r.id = @id::smallint)
on conflict (id) do nothing;

-- name: RetiredKeys :many
select id, canary, canary_nonce, retired_at, reason from retired_encryption_keys order by id;

-- name: RetireKeys :many
with gone as (delete from encryption_keys k where k.id <= @last returning k.*)
insert into retired_encryption_keys (id, canary, canary_nonce, created_at, reason)
select gone.id, gone.canary, gone.canary_nonce, gone.created_at, @reason from gone order by gone.id
returning id;

-- name: TryLockKeys :one
select pg_try_advisory_xact_lock(@key);
