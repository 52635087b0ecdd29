-- name: InsertAudit :exec
insert into audit_entries (actor_id, actor_name, action, subject_type, subject_id, request_id, remote_addr, detail)
values (sqlc.narg('actor_id'), @actor_name, @action, @subject_type, @subject_id, @request_id, @remote_addr, @detail);
