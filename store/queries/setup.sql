-- name: LockAdministrators :exec
-- The lock of the trigger keep_an_administrator: until the transaction ends nobody else makes or unmakes the last one.
select pg_advisory_xact_lock(hashtext('users_last_administrator'));

-- name: AdministratorExists :one
-- Unscoped: tells of nobody.
select exists (select from users where is_admin and disabled_at is null)::boolean;

-- name: OfferSetupCode :execrows
insert into setup_codes (code_hash, expires_at)
select @code_hash, now() + make_interval(secs => @lifetime_seconds::double precision)
where not exists (select from users where is_admin and disabled_at is null);

-- name: SetupCodeCounts :one
select exists (select from setup_codes where code_hash = @code_hash and expires_at > now()
    and not exists (select from users where is_admin and disabled_at is null))::boolean as counts;
