package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// maxHostCertificates bounds what is shown of one host, the newest first.
const maxHostCertificates = 100

// How many certificates are asked for at once, and how long one answer may take.
const (
	maxAskedRevoked   = 1000
	askRevokedTimeout = 5 * time.Second
)

// CertificateRevoked reports whether the certificate with this serial number was revoked. It is asked before every request
// to an agent: questions that come together are one query, which begins after each of them was asked.
func (s *Store) CertificateRevoked(ctx context.Context, serial string) (bool, error) {
	revoked, err := s.revoked.Do(ctx, serial)
	return slices.Contains(revoked, serial), translate(err)
}

// HostCertificates returns the certificates of a host, the newest first.
func (s *Store) HostCertificates(ctx context.Context, scope fleet.Scope, hostID string) ([]fleet.Certificate, error) {
	seen, err := s.q.HostSeen(ctx, hostID, scope.All, scope.Groups)
	if err != nil {
		return nil, translate(err)
	}
	if !seen {
		return nil, fleet.NotFound("host")
	}
	rows, err := s.q.ListHostCertificates(ctx, hostID, scope.All, scope.Groups, maxHostCertificates)
	if err != nil {
		return nil, translate(err)
	}
	list := make([]fleet.Certificate, len(rows))
	for i, r := range rows {
		list[i] = fleet.Certificate{
			Serial: r.Serial, HostID: r.HostID, FQDN: r.FQDN, IssuedAt: r.IssuedAt, ExpiresAt: r.ExpiresAt,
			RevokedAt: r.RevokedAt, RevokedBy: deref(r.RevokedBy), Reason: r.RevocationReason,
		}
	}
	return list, nil
}

// RevokeCertificates revokes the certificate of a host with the serial number, which need not be one that was issued
// here, or with an empty one all of the host's that are valid, and what it was approved for and has not fetched. From its
// commit on no agent that shows one is spoken to.
func (s *Store) RevokeCertificates(ctx context.Context, by fleet.Caller, hostID, serial, reason string) error {
	return s.change(ctx, by, func(_ pgx.Tx, q *sqlgen.Queries) error {
		host, err := administeredHost(ctx, q, by, hostID)
		if err != nil {
			return err
		}
		serials, err := revoke(ctx, q, by, host, serial, reason)
		if err != nil {
			return err
		}
		if err := writeEvent(ctx, q, eventHostChanged, host.id, host.groups, false, hostPayload{host.id}); err != nil {
			return err
		}
		return writeAudit(ctx, q, by.Actor(), "certificate.revoke", "host", host.id, map[string]any{
			"fqdn": host.fqdn, "serials": serials, "reason": reason,
		})
	})
}

// administeredHost locks a host for an administrator. Who sees the host is told that it takes one.
func administeredHost(ctx context.Context, q *sqlgen.Queries, by fleet.Caller, id string) (lockedHost, error) {
	sees := by.Sees()
	seen, err := q.HostSeen(ctx, id, sees.All, sees.Groups)
	if err != nil {
		return lockedHost{}, err
	}
	if !seen {
		return lockedHost{}, fleet.NotFound("host")
	}
	if err := by.RequireAdmin(); err != nil {
		return lockedHost{}, err
	}
	return lockHost(ctx, q, by, id)
}

func revoke(ctx context.Context, q *sqlgen.Queries, by fleet.Caller, host lockedHost, serial, reason string) ([]string, error) {
	if serial == "" {
		return revokeAll(ctx, q, by, host, reason)
	}
	serials, err := revokeIssued(ctx, q, by, host, serial, reason)
	if err != nil || len(serials) > 0 {
		return serials, err
	}
	n, err := q.InsertRevocation(ctx, sqlgen.InsertRevocationParams{
		Serial: serial, HostID: host.id, FQDN: host.fqdn, RevokedBy: by.Name, Reason: reason,
	})
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, fleet.Conflict("nothing_to_revoke",
			"the certificate was revoked before, has expired, or is another host's")
	}
	return []string{serial}, nil
}

// revokeAll ends what the host has and what it was approved for.
func revokeAll(ctx context.Context, q *sqlgen.Queries, by fleet.Caller, host lockedHost, reason string) ([]string, error) {
	ended, err := denyApproved(ctx, q, by, host, reason)
	if err != nil {
		return nil, err
	}
	serials, err := revokeIssued(ctx, q, by, host, "", reason)
	if err == nil && len(serials) == 0 && ended == 0 {
		return nil, fleet.Conflict("nothing_to_revoke",
			"no valid certificate of the host is known here; name the serial number of one that was issued elsewhere")
	}
	return serials, err
}

// denyApproved takes back the approvals of a host whose bundles were not fetched, and says how many.
func denyApproved(ctx context.Context, q *sqlgen.Queries, by fleet.Caller, host lockedHost, reason string) (int, error) {
	denied, err := q.DenyApprovedEnrolments(ctx, by.Name, host.id, fleet.EnrolmentFetch.Seconds())
	if err != nil {
		return 0, err
	}
	for _, e := range denied {
		err := recordEnrolment(ctx, q, by.Actor(), "enrolment.deny", e.ID, map[string]any{
			"machine_id": e.MachineID, "fqdn": e.FQDN, "host_id": host.id, "reason": reason,
		})
		if err != nil {
			return 0, err
		}
	}
	return len(denied), nil
}

// revokeIssued revokes what was issued to a host here.
func revokeIssued(ctx context.Context, q *sqlgen.Queries, by fleet.Caller, host lockedHost, serial, reason string) ([]string, error) {
	return q.RevokeCertificatesOfHost(ctx, by.Name, reason, host.id, serial)
}

// RevokedCertificates returns what the revocation list has to name.
func (s *Store) RevokedCertificates(ctx context.Context) ([]fleet.RevokedCertificate, error) {
	revoked, err := revokedCertificates(ctx, s.q)
	return revoked, translate(err)
}

func revokedCertificates(ctx context.Context, q *sqlgen.Queries) ([]fleet.RevokedCertificate, error) {
	rows, err := q.RevokedCertificates(ctx)
	if err != nil {
		return nil, fmt.Errorf("read revoked certificates: %w", err)
	}
	list := make([]fleet.RevokedCertificate, len(rows))
	for i, r := range rows {
		list[i] = fleet.RevokedCertificate{Serial: r.Serial, RevokedAt: r.RevokedAt}
	}
	return list, nil
}

// CertificateOverview counts the hosts by when their certificates end.
func (s *Store) CertificateOverview(ctx context.Context) (fleet.CertificateOverview, error) {
	r, err := s.q.CertificateOverview(ctx, fleet.EnrolmentWait.Seconds())
	if err != nil {
		return fleet.CertificateOverview{}, translate(err)
	}
	o := fleet.CertificateOverview{
		Expired: int(r.Expired), Within7Days: int(r.Within7Days), Within30Days: int(r.Within30Days), Later: int(r.Later),
		Unknown: int(r.Unknown), WaitingEnrolments: int(r.Waiting),
	}
	if r.EarliestSeconds > 0 {
		earliest := time.Unix(int64(r.EarliestSeconds), 0)
		o.Earliest = &earliest
	}
	return o, nil
}

// RecordAuthority audits a certificate that the built-in authority makes for the manager itself. It is a file and not in
// here, so its entry is committed before it comes into force.
func (s *Store) RecordAuthority(ctx context.Context, by fleet.Actor, action, serial string, notAfter time.Time) error {
	return s.tx(ctx, func(_ pgx.Tx, q *sqlgen.Queries) error {
		return writeAudit(ctx, q, by, action, "authority", serial, map[string]any{"serial": serial, "expires_at": notAfter})
	})
}
