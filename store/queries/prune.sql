-- name: MakePartitions :one
-- From an hour ago, for whoever writes late, to two days ahead.
select make_partitions(now() - interval '1 hour', now() + interval '2 days')::integer as made;

-- name: DropPartition :one
-- The name of the partition that was dropped, empty where none is wholly older than the retention.
select coalesce(drop_partition(@parent, now() - make_interval(secs => @retention_seconds::double precision)), '')::text as dropped;

-- name: PruneOutput :execrows
delete from job_host_output
where (job_id, host_id, seq) in (
    select o.job_id, o.host_id, o.seq from job_host_output o
    where o.at < now() - make_interval(secs => @retention_seconds::double precision)
    order by o.at limit @max_rows);

-- name: OutdatedJobs :many
-- An attempt whose outcome is still open blocks its host, so its job stays until somebody settled it.
select j.id from jobs j
where j.completed_at < now() - make_interval(secs => @retention_seconds::double precision)
  and not exists (select from patch_attempts a where a.job_id = j.id and a.finished_at is null)
order by j.completed_at
limit @max_rows;

-- name: PruneEvaluations :execrows
delete from gate_evaluations
where (job_id, host_id, at) in (
    select g.job_id, g.host_id, g.at from gate_evaluations g where g.job_id = @job_id limit @max_rows);

-- name: PruneJobOutput :execrows
delete from job_host_output
where (job_id, host_id, seq) in (
    select o.job_id, o.host_id, o.seq from job_host_output o where o.job_id = @job_id limit @max_rows);

-- name: PruneJob :exec
delete from jobs where id = @job_id;
