-- +goose Up
-- Keys that encrypt and open nothing any more. Their ids are never given again: a process that still holds such a key
-- then fails on the foreign key of what it writes, instead of writing under the id of another key.
create table retired_encryption_keys (
    id smallint primary key,
    canary bytea not null,
    canary_nonce bytea not null,
    created_at timestamptz not null,
    retired_at timestamptz not null default clock_timestamp(),
    reason text not null check (reason in ('rotated', 'discarded'))
);

-- A password that is encrypted anew is the same password: the check asks what it asked before, and its state stays. Only
-- the rotation of keys sets this, for its own transactions.
drop trigger host_health_checks_redefined on host_health_checks;
create trigger host_health_checks_redefined before update on host_health_checks for each row
    when (coalesce(current_setting('patch_manager.resealing', true), '') <> 'on'
        and (old.check_type, old.service_name, old.url, old.expected_body, old.ignore_cert_errors, old.basic_auth_user,
            old.basic_auth_pass_encrypted)
        is distinct from (new.check_type, new.service_name, new.url, new.expected_body, new.ignore_cert_errors,
            new.basic_auth_user, new.basic_auth_pass_encrypted))
    execute function health_check_redefined();

-- +goose Down
drop trigger host_health_checks_redefined on host_health_checks;
create trigger host_health_checks_redefined before update on host_health_checks for each row
    when ((old.check_type, old.service_name, old.url, old.expected_body, old.ignore_cert_errors, old.basic_auth_user,
            old.basic_auth_pass_encrypted)
        is distinct from (new.check_type, new.service_name, new.url, new.expected_body, new.ignore_cert_errors,
            new.basic_auth_user, new.basic_auth_pass_encrypted))
    execute function health_check_redefined();
drop table retired_encryption_keys;
