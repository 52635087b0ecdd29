-- +goose Up
-- After how many results in a row a check shows as failing, or as healthy again.
alter table host_health_checks
    add column failure_threshold smallint not null default 1 check (failure_threshold between 1 and 10),
    add column success_threshold smallint not null default 1 check (success_threshold between 1 and 10);

-- What lists, counts and pages call the check, beside its last result, which is all that the gate looks at.
alter table health_check_states
    add column shown text check (shown in ('healthy', 'unhealthy', 'error')),
    add column shown_since timestamptz;
update health_check_states set shown = outcome, shown_since = since;
alter table health_check_states alter column shown set not null, alter column shown_since set not null;

-- What a check shows after its next result: that result, unless it is on the other side of healthy than what is shown and
-- too few in a row are there. Failures of both kinds count as one. It is one expression, so that Postgres puts it into the
-- statement that calls it.
create function next_shown(shown text, was_healthy boolean, in_a_row integer, outcome text, failures smallint, successes smallint)
    returns text language sql immutable return
    case when (shown = 'healthy') = (outcome = 'healthy')
        or case when was_healthy = (outcome = 'healthy') then in_a_row + 1 else 1 end
            >= case when outcome = 'healthy' then successes else failures end
    then outcome else shown end;

-- +goose Down
drop function next_shown(text, boolean, integer, text, smallint, smallint);
alter table health_check_states drop column shown, drop column shown_since;
alter table host_health_checks drop column failure_threshold, drop column success_threshold;
