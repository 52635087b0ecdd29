-- +goose Up
-- The index of the results holds each check once for all of its results of an hour, where the key held every result: it is a
-- quarter of that, and so is what the log has of it after a checkpoint. That no result comes twice is seen to by the state
-- of its check, which is locked first.
alter table host_health_check_results drop constraint host_health_check_results_pkey;
create index host_health_check_results_check on host_health_check_results (check_id);

-- +goose Down
drop index host_health_check_results_check;
alter table host_health_check_results add primary key (check_id, checked_at);
