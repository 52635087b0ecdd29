-- +goose Up
-- The hosts of jobs that have not ended are few beside those that have, which are kept for a year.
create index job_hosts_unfinished on job_hosts (job_id, host_id)
    where status in ('queued', 'waiting_window', 'waiting_health_check', 'waiting_slot', 'running');

-- +goose Down
drop index job_hosts_unfinished;
