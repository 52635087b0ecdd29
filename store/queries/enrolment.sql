-- The status as of now: a request that nobody decided, and a bundle that nobody fetched, expire by themselves.

-- name: LockEnrolments :exec
-- Requests are taken one after the other, so that their number is right.
select pg_advisory_xact_lock(hashtext('enrolments'));

-- name: ForgetWaitingEnrolment :exec
delete from enrolments where machine_id = @machine_id and status = 'pending';

-- name: CountWaitingEnrolments :one
select count(*)::integer as total, (count(*) filter (where remote_network = @remote_network))::integer as of_address
from enrolments
where status = 'pending' and created_at > now() - make_interval(secs => @wait_seconds::double precision);

-- name: InsertEnrolment :exec
insert into enrolments (id, machine_id, fqdn, ip_address, hostname, os_details, remote_addr, remote_network,
    token_hash)
values (@id, @machine_id, @fqdn, @ip_address, @hostname, @os_details, @remote_addr, @remote_network, @token_hash);

-- name: ListEnrolments :many
select e.id, e.machine_id, e.fqdn, e.ip_address, e.hostname, e.os_details, e.remote_addr, e.created_at, e.decided_at,
    e.decided_by, e.host_id, e.delivered_at, s.status, h.id as registered_host_id
from enrolments e
cross join lateral (select (case
    when e.status = 'pending' and e.created_at <= now() - make_interval(secs => @wait_seconds::double precision) then 'expired'
    when e.status = 'approved' and e.decided_at <= now() - make_interval(secs => @fetch_seconds::double precision) then 'expired'
    else e.status end)::text as status) s
left join hosts h on lower(h.fqdn) = lower(e.fqdn)
where (sqlc.narg('id')::uuid is null or e.id = sqlc.narg('id'))
  and (@status::text = '' or s.status = @status)
  and (sqlc.narg('after_created_at')::timestamptz is null
      or (e.created_at, e.id) < (sqlc.narg('after_created_at'), sqlc.narg('after_id')::uuid))
order by e.created_at desc, e.id desc
limit @max_rows;

-- name: LockEnrolment :one
-- A request that can still be decided.
select id, machine_id, fqdn, ip_address, status,
    (created_at > now() - make_interval(secs => @wait_seconds::double precision))::boolean as waits
from enrolments where id = @id
for update;

-- name: DecideEnrolment :exec
update enrolments
set status = @status, decided_at = now(), decided_by = @decided_by::text, host_id = sqlc.narg('host_id')
where id = @id;

-- name: DenyApprovedEnrolments :many
-- What was approved for a host and can still be fetched. A delivery that comes at the same time is before it, and then its
-- certificate is there, or finds nothing approved.
update enrolments
set status = 'denied', decided_at = now(), decided_by = @decided_by::text, host_id = null
where host_id = @host_id::uuid and status = 'approved'
  and decided_at > now() - make_interval(secs => @fetch_seconds::double precision)
returning id, machine_id, fqdn;

-- name: EnrolmentStatus :one
-- A token lives a day, but that of an approved request until its bundle does no more.
select e.id, (case
    when e.status <> 'approved' and e.created_at <= now() - make_interval(secs => @wait_seconds::double precision) then 'expired'
    when e.status = 'approved' and e.decided_at <= now() - make_interval(secs => @fetch_seconds::double precision) then 'expired'
    else e.status end)::text as status
from enrolments e where e.token_hash = @token_hash;

-- name: TakeDelivery :one
-- No row where another poll was first, the time is over, or the host is gone or has another name by now. The host is
-- locked, so that who deletes it or revokes what it has finds this certificate, too.
with delivered as (
    select e.id, h.id as host_id, h.address
    from enrolments e
    join hosts h on h.id = e.host_id and lower(h.fqdn) = lower(e.fqdn)
    where e.id = @id and e.status = 'approved'
      and e.decided_at > now() - make_interval(secs => @fetch_seconds::double precision)
    for update of e for share of h)
update enrolments e
set status = 'delivered', delivered_at = now()
from delivered d
where e.id = d.id
returning d.host_id, e.fqdn, d.address,
    array(select gh.group_id from group_hosts gh where gh.host_id = d.host_id order by gh.group_id)::uuid[] as group_ids;

-- name: PruneEnrolments :execrows
delete from enrolments
where id in (
    select e.id from enrolments e
    where e.created_at < now() - make_interval(secs => (case e.status when 'pending' then @wait_seconds::double precision
        else @keep_seconds::double precision end))
    limit @max_rows);
