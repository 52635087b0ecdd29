-- name: Take :one
-- One statement, so that whoever comes at the same time waits for the row and counts what the other took.
with ask as (
    select @bucket::bytea as bucket, @most::integer as most,
        make_interval(secs => @period_seconds::double precision) as period
)
insert into throttles as t (bucket, taken, forget_at)
select ask.bucket, array[now()], now() + ask.period from ask
on conflict (bucket) do update set (taken, refused, forget_at) = (
    select
        case when passes then counting || now() else t.taken end,
        case when passes then 0 else t.refused + 1 end,
        case when passes then now() + ask.period else t.forget_at end
    from ask
    cross join lateral (select array(select at from unnest(t.taken) as at where at > now() - ask.period order by at)) as l(counting)
    cross join lateral (select cardinality(counting) < ask.most) as j(passes))
returning refused > 0 as refused, refused = 1 as newly_refused,
    -- Until so many no longer count that one more passes.
    (select extract(epoch from t.taken[greatest(1, cardinality(t.taken) - ask.most + 1)] + ask.period - now())
     from ask)::double precision as wait_seconds;

-- name: PruneThrottles :execrows
delete from throttles
where bucket in (select t.bucket from throttles t where t.forget_at < now() limit @max_rows) and forget_at < now();
