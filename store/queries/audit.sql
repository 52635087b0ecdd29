-- name: LockAudit :one
-- One writer of entries at a time, until its transaction ends; the time is of the moment at which it had its turn.
select clock_timestamp()::timestamptz as now from pg_advisory_xact_lock(hashtext('audit_entries'));

-- name: InsertAudit :batchexec
-- The detail goes as text, because what knows JSON writes it anew.
insert into audit_entries (seq, at, actor_id, actor_name, action, subject_type, subject_id, request_id, remote_addr, detail,
    prev_hash, hash)
values (@seq, @at, sqlc.narg('actor_id'), @actor_name, @action, @subject_type, @subject_id, @request_id, @remote_addr,
    cast(@detail::text as json), @prev_hash, @hash);
