-- name: InsertCertificate :exec
insert into certificates (serial, host_id, fqdn, enrolment_id, issued_at, expires_at)
values (@serial, @host_id, @fqdn, @enrolment_id, now(), @expires_at);

-- name: ListHostCertificates :many
-- The newest first; what is in use is among them.
select serial, host_id, fqdn, issued_at, expires_at, revoked_at, revoked_by, revocation_reason
from certificates c
where c.host_id = @host_id
  and (@every::boolean or exists (
      select 1 from group_hosts gh where gh.host_id = c.host_id and gh.group_id = any(@scope::uuid[])))
order by issued_at desc nulls last, serial
limit @max_rows;

-- name: RevokedAmong :many
-- Unscoped: the manager asks before it speaks to agents.
select serial from certificates where serial = any(@serials::text[]) and revoked_at is not null;

-- name: RevokeCertificatesOfHost :many
-- All of the host's, or the one with the serial number.
update certificates
set revoked_at = now(), revoked_by = @revoked_by::text, revocation_reason = @reason
where host_id = @host_id and revoked_at is null and (@serial::text = '' or serial = @serial)
  and (expires_at is null or expires_at > now())
returning serial;

-- name: InsertRevocation :execrows
-- Of a certificate that was issued elsewhere; nothing where the number is known.
insert into certificates (serial, host_id, fqdn, revoked_at, revoked_by, revocation_reason)
values (@serial, @host_id, @fqdn, now(), @revoked_by::text, @reason)
on conflict (serial) do nothing;

-- name: RevokedCertificates :many
-- What has run out needs no place on the list.
-- Unscoped: the list is for everybody.
select serial, revoked_at::timestamptz as revoked_at
from certificates
where revoked_at is not null and (expires_at is null or expires_at > now())
order by serial;

-- name: PruneCertificates :execrows
delete from certificates
where serial in (
    select c.serial from certificates c
    where c.expires_at < now() - make_interval(secs => @keep_seconds::double precision)
    limit @max_rows);

-- name: CertificateOverview :one
-- Unscoped: counts for administrators.
select (count(*) filter (where certificate_expires_at <= now()))::integer as expired,
    (count(*) filter (where certificate_expires_at > now() and certificate_expires_at <= now() + interval '7 days'))::integer as within_7_days,
    (count(*) filter (where certificate_expires_at > now() + interval '7 days' and certificate_expires_at <= now() + interval '30 days'))::integer as within_30_days,
    (count(*) filter (where certificate_expires_at > now() + interval '30 days'))::integer as later,
    (count(*) filter (where certificate_expires_at is null))::integer as unknown,
    coalesce(extract(epoch from min(certificate_expires_at)), 0)::double precision as earliest_seconds,
    (select count(*) from enrolments where status = 'pending'
        and created_at > now() - make_interval(secs => @wait_seconds::double precision))::integer as waiting
from hosts;
