-- name: Canaries :many
select id, canary, canary_nonce from encryption_keys order by id;

-- name: Canary :one
select id, canary, canary_nonce from encryption_keys where id = @id;

-- name: InsertCanary :exec
insert into encryption_keys (id, canary, canary_nonce) values (@id, @canary, @canary_nonce)
on conflict (id) do nothing;

-- name: DiscardPasswords :execrows
update host_health_checks
set basic_auth_pass_encrypted = null, basic_auth_pass_nonce = null, basic_auth_key_id = null, updated_at = now()
where basic_auth_key_id is not null;

-- name: DeleteCanaries :exec
delete from encryption_keys;
