-- name: RunRow :one
select sqlc.embed(j), sqlc.embed(jh), clock_timestamp()::timestamptz as now,
    (select count(*) from job_hosts f where f.job_id = j.id
        and (f.status = 'indeterminate' or (f.status = 'failed' and f.attempted))) as failures
from job_hosts jh join jobs j on j.id = jh.job_id
where jh.job_id = @job_id and jh.host_id = @host_id;

-- name: RunHost :one
select * from hosts where id = @host_id;

-- name: RunEvidence :many
select sqlc.embed(c), s.outcome, s.detail, s.latency_ms, s.checked_at
from host_health_checks c left join health_check_states s on s.check_id = c.id
where c.host_id = @host_id order by c.slot;

-- name: RunAttempts :many
select * from patch_attempts where job_id = @job_id and host_id = @host_id order by number;

-- name: LockJob :one
-- Serialises the admissions of one job, so that a slot is never given twice.
select id from jobs where id = @job_id for no key update;

-- name: LockJobHost :one
select status from job_hosts where job_id = @job_id and host_id = @host_id for update;

-- name: LockRunHost :many
-- Held to the commit of an intent, so that the host is not deleted beside it, and that an edit of the host, its groups,
-- checks or windows is either seen or answered later. No row where it is gone already.
select id from hosts where id = @host_id for share;

-- name: ShareCommonWindows :exec
-- The same for the windows that many hosts have in common; admissions do not wait for each other.
select pg_advisory_xact_lock_shared(hashtext('maintenance_windows in common'));

-- name: HeldSlots :one
select count(*) from patch_attempts where job_id = @job_id and slot_released_at is null;

-- name: UnfinishedAttemptOfHost :one
select exists (select 1 from patch_attempts where host_id = @host_id and finished_at is null);

-- name: KnownAgentJobs :many
-- The agent's jobs that an attempt of ours, of whatever job, already accounts for.
select agent_job_id::text from patch_attempts where host_id = @host_id and agent_job_id is not null;

-- name: InsertAttempt :execrows
-- No row where another attempt is unfinished on the host, whoever's it is.
insert into patch_attempts (id, job_id, host_id, number, state, send_before, agent_jobs_seen, agent_job_id, agent_uptime_seconds, packages)
values (@id, @job_id, @host_id, @number, @state, @send_before, @agent_jobs_seen, sqlc.narg(agent_job_id), @agent_uptime_seconds, @packages)
on conflict do nothing;

-- name: StartRunning :execrows
update job_hosts set status = 'running', phase = @phase::text, reason = null, detail = '', attempted = attempted or @attempted::boolean, wait = null,
    slot_woken_at = null, agent_job_id = sqlc.narg(agent_job_id),
    slot_wait_seconds = slot_wait_seconds + greatest(coalesce(extract(epoch from clock_timestamp() - slot_wait_started_at), 0), 0),
    slot_wait_started_at = null,
    span_starts_at = sqlc.narg(span_starts_at), span_last_start_at = sqlc.narg(span_last_start_at), span_ends_at = sqlc.narg(span_ends_at),
    span_entered_at = coalesce(span_entered_at, clock_timestamp()),
    gate_started_at = coalesce(gate_started_at, clock_timestamp()),
    times = jsonb_build_object('running', clock_timestamp(), @phase::text, clock_timestamp()) || times,
    updated_at = clock_timestamp()
where job_id = @job_id and host_id = @host_id
    and (status in ('queued', 'waiting_window', 'waiting_health_check', 'waiting_slot') or (status = 'running' and phase = 'dispatching'));

-- name: SaveWaiting :execrows
-- A wait for a busy host is none for a slot: the gate timeout of an immediate job goes on. How long one for a slot was is not
-- known by clocks that disagree. Whoever decided anew may be woken for the next free slot at once.
update job_hosts jh set status = @status::text, phase = null, reason = @reason::text, detail = @detail, wait = @wait,
    attempted = attempted and not @unattempted::boolean,
    span_starts_at = sqlc.narg(span_starts_at), span_last_start_at = sqlc.narg(span_last_start_at), span_ends_at = sqlc.narg(span_ends_at),
    span_entered_at = case when @entered::boolean then coalesce(span_entered_at, clock_timestamp()) else span_entered_at end,
    gate_started_at = case when @start_gate::boolean then coalesce(gate_started_at, clock_timestamp()) else gate_started_at end,
    slot_wait_seconds = slot_wait_seconds + case when @reason::text in ('slot', 'clock_skew') then 0
        else greatest(coalesce(extract(epoch from clock_timestamp() - slot_wait_started_at), 0), 0) end,
    slot_wait_started_at = case when @reason::text = 'slot' then coalesce(slot_wait_started_at, clock_timestamp()) end,
    slot_woken_at = null,
    times = jsonb_build_object(@status::text, clock_timestamp()) || times,
    updated_at = clock_timestamp()
where jh.job_id = @job_id and jh.host_id = @host_id
    and (jh.status in ('queued', 'waiting_window', 'waiting_health_check', 'waiting_slot') or (jh.status = 'running' and jh.phase = 'dispatching'))
    and not exists (select 1 from patch_attempts a where a.job_id = @job_id and a.host_id = @host_id and a.finished_at is null);

-- name: SavePhase :execrows
update job_hosts set phase = @phase::text, detail = @detail, agent_job_id = coalesce(sqlc.narg(agent_job_id), agent_job_id),
    times = jsonb_build_object(@phase::text, clock_timestamp()) || times, updated_at = clock_timestamp()
where job_id = @job_id and host_id = @host_id and status = 'running';

-- name: SaveProgress :execrows
update job_hosts set progress = @progress::smallint, updated_at = clock_timestamp()
where job_id = @job_id and host_id = @host_id and status = 'running' and progress is distinct from @progress::smallint;

-- name: FinishJobHost :execrows
update job_hosts set status = @status::text, phase = null, reason = @reason::text, detail = @detail, wait = null,
    attempted = attempted and not @unattempted::boolean,
    slot_wait_seconds = slot_wait_seconds + greatest(coalesce(extract(epoch from clock_timestamp() - slot_wait_started_at), 0), 0),
    slot_wait_started_at = null,
    times = jsonb_build_object(@status::text, clock_timestamp()) || times, updated_at = clock_timestamp()
where job_id = @job_id and host_id = @host_id
    and status in ('queued', 'waiting_window', 'waiting_health_check', 'waiting_slot', 'running');

-- name: EndWaitingOfCancelledJob :exec
-- Ends the hosts of a cancelled job that wait, and tells of each. One whose row is locked is being decided on just now, by
-- a step that ends it, or the next one does. The caller holds the job's row, so that none of them is being admitted.
with ended as (
    update job_hosts jh set status = 'cancelled', phase = null, reason = 'cancelled_by_user', detail = @detail, wait = null,
        slot_wait_seconds = slot_wait_seconds + greatest(coalesce(extract(epoch from clock_timestamp() - slot_wait_started_at), 0), 0),
        slot_wait_started_at = null,
        times = jsonb_build_object('cancelled', clock_timestamp()) || times, updated_at = clock_timestamp()
    where jh.job_id = @job_id and jh.host_id in (
        select w.host_id from job_hosts w
        where w.job_id = @job_id and w.status in ('queued', 'waiting_window', 'waiting_health_check', 'waiting_slot')
            and not exists (select from patch_attempts a where a.job_id = w.job_id and a.host_id = w.host_id and a.finished_at is null)
        for update skip locked)
    returning jh.job_id, jh.host_id, jh.group_ids
)
insert into events (kind, subject_id, group_ids, site, payload)
select @kind::text, e.job_id || '/' || e.host_id,
    case when exists (select from hosts h where h.id = e.host_id)
        then array(select gh.group_id from group_hosts gh where gh.host_id = e.host_id order by 1) else e.group_ids end,
    false,
    jsonb_build_object('job_id', e.job_id, 'host_id', e.host_id, 'status', 'cancelled', 'phase', '', 'reason', 'cancelled_by_user')
from ended e;

-- name: SaveAttemptSent :execrows
-- The sender's own word is taken after the run gave the request up for lost, too. An intent to reboot only is taken back where
-- nothing was asked of the host yet.
update patch_attempts set state = @state::text, agent_job_id = coalesce(sqlc.narg(agent_job_id), agent_job_id), error = @error
where id = @id and finished_at is null
    and (state in ('prepared', 'unknown') or (state = 'none' and reboot_state is null and @state::text = 'refused'));

-- name: MarkAttemptUnknown :execrows
-- Only once nobody can send it any more.
update patch_attempts set state = 'unknown' where id = @id and state = 'prepared' and send_before < clock_timestamp();

-- name: ReleaseAttempts :exec
-- Ends the attempts of a job host: the slot always, the hold on the host unless the outcome stays open.
update patch_attempts set slot_released_at = coalesce(slot_released_at, clock_timestamp()),
    finished_at = case when @finished::boolean then coalesce(finished_at, clock_timestamp()) else finished_at end
where job_id = @job_id and host_id = @host_id and (finished_at is null or slot_released_at is null);

-- name: SaveAttemptPackages :exec
update patch_attempts set packages = @packages where id = @id;

-- name: PrepareReboot :execrows
-- No row where the job or the host was cancelled meanwhile: nothing is asked of a host after that.
update patch_attempts a set reboot_state = 'prepared', reboot_requested_at = clock_timestamp()
where a.id = @id and (a.reboot_state is null or a.reboot_state = 'refused') and a.finished_at is null
    and not exists (select 1 from jobs j join job_hosts jh on jh.job_id = j.id
        where j.id = a.job_id and jh.host_id = a.host_id
            and (j.cancel_requested_at is not null or jh.cancel_requested_at is not null));

-- name: SaveReboot :execrows
update patch_attempts set reboot_state = @reboot_state::text
where id = @id and reboot_state = any(@from_states::text[]) and finished_at is null;

-- name: WakeSlotWaiters :many
-- The hosts that have waited longest, one for each free slot less those that were woken a moment ago and have not
-- decided yet. The caller holds the job's lock, so that no slot is offered twice.
update job_hosts set slot_woken_at = clock_timestamp()
where (job_id, host_id) in (
    select w.job_id, w.host_id from job_hosts w
    where w.job_id = @job_id and w.status = 'waiting_slot' and w.reason = 'slot'
        and (w.slot_woken_at is null or w.slot_woken_at < clock_timestamp() - interval '10 seconds')
    order by w.slot_wait_started_at
    limit greatest(0, (select j.max_parallel_hosts from jobs j where j.id = @job_id)
        - (select count(*) from patch_attempts a where a.job_id = @job_id and a.slot_released_at is null)
        - (select count(*) from job_hosts x where x.job_id = @job_id and x.status = 'waiting_slot'
            and x.slot_woken_at >= clock_timestamp() - interval '10 seconds'))
    for update skip locked)
returning host_id;

-- name: InsertGateEvaluation :exec
insert into gate_evaluations (job_id, host_id, at, verdict, detail, checks, next_try_at)
values (@job_id, @host_id, @at, @verdict, @detail, @checks, sqlc.narg(next_try_at))
on conflict do nothing;

-- name: AppendOutput :exec
insert into job_host_output (job_id, host_id, seq, line)
select @job_id, @host_id, (o.n - 1 + sqlc.arg(first_seq)::integer)::integer, o.line
from unnest(@lines::text[]) with ordinality as o(line, n)
on conflict do nothing;

-- name: OutputLength :one
select coalesce(max(seq) + 1, 0)::integer as lines from job_host_output where job_id = @job_id and host_id = @host_id;

-- name: StartJobRun :one
update jobs j set run_id = @run_id, started_at = coalesce(started_at, clock_timestamp()) where j.id = @job_id
returning (select coalesce(max(jh.batch) + 1, 0)::integer from job_hosts jh where jh.job_id = @job_id) as batches;

-- name: BatchHosts :many
select host_id, fqdn, zone from job_hosts
where job_id = @job_id and batch = @batch and status in ('queued', 'waiting_window', 'waiting_health_check', 'waiting_slot', 'running')
order by host_id;

-- name: CompleteJob :execrows
update jobs j set completed_at = clock_timestamp()
where j.id = @job_id and j.completed_at is null and not exists (select 1 from job_hosts jh
    where jh.job_id = @job_id and jh.status in ('queued', 'waiting_window', 'waiting_health_check', 'waiting_slot', 'running'));

-- name: JobCompleted :one
select (completed_at is not null)::boolean as completed from jobs where id = @job_id;

-- name: JobGroupIDs :one
-- The groups that see the job: those that its hosts are in today, and the copy of them of hosts that are gone.
select coalesce(array_agg(distinct g.group_id), '{}')::uuid[] as group_ids
from job_hosts jh
cross join lateral (
    select gh.group_id from group_hosts gh where gh.host_id = jh.host_id
    union all
    select unnest(jh.group_ids) where not exists (select 1 from hosts h where h.id = jh.host_id)) g
where jh.job_id = @job_id;

-- name: JobHostGroupIDs :one
-- The groups that see the job host: those that the host is in today, or the copy of them once it is gone.
select case when exists (select 1 from hosts h where h.id = jh.host_id)
    then array(select gh.group_id from group_hosts gh where gh.host_id = jh.host_id order by 1)
    else jh.group_ids end::uuid[] as group_ids
from job_hosts jh where jh.job_id = @job_id and jh.host_id = @host_id;

-- name: UnfinishedJobs :many
select id from jobs where completed_at is null order by id;

-- name: RequestJobCancel :execrows
update jobs set cancel_requested_at = clock_timestamp(), cancel_requested_by = @by::text
where id = @job_id and cancel_requested_at is null and completed_at is null;

-- name: RequestJobHostCancel :execrows
update job_hosts set cancel_requested_at = clock_timestamp(), cancel_requested_by = @by::text
where job_id = @job_id and host_id = @host_id and cancel_requested_at is null
    and status in ('queued', 'waiting_window', 'waiting_health_check', 'waiting_slot', 'running');

-- name: PendingWakeups :many
select id from wakeups order by id limit 1000;

-- name: WakeTargets :many
-- One whose request is under way may yet go back to wait, and would not hear of it then. The hosts of a cancelled job
-- ended before their runs hear of it.
select distinct jh.job_id, jh.host_id
from wakeups w join job_hosts jh on (jh.status in ('queued', 'waiting_window', 'waiting_health_check', 'waiting_slot')
        or (jh.status = 'running' and jh.phase = 'dispatching')
        or (jh.status = 'cancelled' and w.job_id = jh.job_id))
    and (w.job_id is null or jh.job_id = w.job_id)
    and (w.host_id is null or jh.host_id = w.host_id)
    and (w.group_id is null or exists (select 1 from group_hosts gh where gh.group_id = w.group_id and gh.host_id = jh.host_id))
where w.id = any(@ids::bigint[]);

-- name: DeleteWakeups :exec
delete from wakeups where id = any(@ids::bigint[]);

-- name: MarkAttempted :exec
update job_hosts set attempted = true where job_id = @job_id and host_id = @host_id;

-- name: LockAttempt :one
select * from patch_attempts where id = @id for update;

-- name: AttemptOf :one
select job_id, host_id from patch_attempts where id = @id;

-- name: WakeHostBusy :execrows
-- Word for the other jobs that wait for this host to be free, and for no more: the job that was refused waits as long as
-- the agent asked it to.
insert into wakeups (job_id, host_id, reason)
select jh.job_id, jh.host_id, 'host_free' from job_hosts jh
where jh.host_id = @host_id::uuid and jh.job_id <> @job_id and jh.status = 'waiting_slot' and jh.reason = 'host_busy';
