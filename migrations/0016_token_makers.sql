-- +goose Up
-- The token that made this one, which is revoked with it: who got hold of one must not keep what its revocation takes.
alter table api_tokens add column made_by uuid references api_tokens on delete set null;
create index api_tokens_made_by on api_tokens (made_by);

-- +goose Down
alter table api_tokens drop column made_by;
