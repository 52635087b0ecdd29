-- name: InsertWakeup :exec
insert into wakeups (host_id, group_id, job_id, reason)
values (sqlc.narg('host_id'), sqlc.narg('group_id'), sqlc.narg('job_id'), @reason);
