-- +goose Up
-- A clock of the database that was set back made waits for a slot negative.
update job_hosts set slot_wait_seconds = 0 where slot_wait_seconds < 0;
alter table job_hosts add constraint job_hosts_slot_wait_seconds_check check (slot_wait_seconds >= 0);
