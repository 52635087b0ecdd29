-- +goose Up
-- The groups as they were asked for; the hosts they had at that moment are the job's.
alter table jobs add column group_ids uuid[] not null default '{}';
create index job_hosts_fqdn on job_hosts (job_id, fqdn, host_id);

-- +goose Down
drop index job_hosts_fqdn;
alter table jobs drop column group_ids;
