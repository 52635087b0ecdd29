-- +goose Up
-- A setup code is dead for good once there is an administrator, whatever made that one. The lock is that of
-- keep_an_administrator and of whoever offers a code: one that is offered meanwhile would outlive this.
-- +goose StatementBegin
create function end_setup() returns trigger language plpgsql as $$
begin
    perform pg_advisory_xact_lock(hashtext('users_last_administrator'));
    delete from setup_codes;
    return null;
end $$;
-- +goose StatementEnd
create trigger users_end_setup after insert on users
    for each row when (new.is_admin and new.disabled_at is null) execute function end_setup();
create trigger users_end_setup_later after update on users
    for each row when (new.is_admin and new.disabled_at is null and not (old.is_admin and old.disabled_at is null))
    execute function end_setup();

delete from setup_codes where exists (select from users where is_admin and disabled_at is null);

-- +goose Down
drop trigger users_end_setup on users;
drop trigger users_end_setup_later on users;
drop function end_setup;
