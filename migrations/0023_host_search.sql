-- +goose Up
-- What a text is looked for in, made once for each change of a host and not once for each search and host.
alter table hosts add column search text not null
    generated always as (lower(fqdn || ' ' || display_name || ' ' || address)) stored;

-- +goose Down
alter table hosts drop column search;
