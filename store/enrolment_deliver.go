package store

import (
	"context"
	"crypto/sha256"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// Issue makes the bundle of a host; revoked is what its revocation list has to name.
type Issue = func(h fleet.HostIdentity, revoked []fleet.RevokedCertificate) (fleet.EnrolmentBundle, error)

// PollEnrolment says where the request with a token stands. An approved one is delivered by this: its certificate is made
// by issue and recorded, and no other poll gets one, however many come at once. Where the answer is lost on its way the
// bundle is too, and the machine asks again.
func (s *Store) PollEnrolment(ctx context.Context, from fleet.Actor, token string, issue Issue) (fleet.EnrolmentAnswer, error) {
	hash := sha256.Sum256([]byte(token))
	row, err := s.q.EnrolmentStatus(ctx, fleet.EnrolmentWait.Seconds(), fleet.EnrolmentFetch.Seconds(), hash[:])
	if errors.Is(err, pgx.ErrNoRows) {
		return fleet.EnrolmentAnswer{}, nil
	}
	if err != nil {
		return fleet.EnrolmentAnswer{}, translate(err)
	}
	switch status := fleet.EnrolmentStatus(row.Status); status {
	case fleet.EnrolmentPending, fleet.EnrolmentDenied:
		return fleet.EnrolmentAnswer{Status: status}, nil
	case fleet.EnrolmentApproved:
		return s.deliver(ctx, from, row.ID, issue)
	}
	return fleet.EnrolmentAnswer{}, nil
}

func (s *Store) deliver(ctx context.Context, from fleet.Actor, id string, issue Issue) (answer fleet.EnrolmentAnswer, err error) {
	err = s.tx(ctx, func(_ pgx.Tx, q *sqlgen.Queries) error {
		answer = fleet.EnrolmentAnswer{}
		host, err := q.TakeDelivery(ctx, id, fleet.EnrolmentFetch.Seconds())
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		revoked, err := revokedCertificates(ctx, q)
		if err != nil {
			return err
		}
		bundle, err := issue(fleet.HostIdentity{FQDN: host.FQDN, Address: host.Address}, revoked)
		if err != nil {
			return err
		}
		answer = fleet.EnrolmentAnswer{Status: fleet.EnrolmentApproved, Bundle: &bundle}
		return recordDelivery(ctx, q, enroller(from), id, host, bundle.IssuedCertificate)
	})
	if err != nil {
		return fleet.EnrolmentAnswer{}, err
	}
	return answer, nil
}

func recordDelivery(
	ctx context.Context, q *sqlgen.Queries, actor fleet.Actor, id string, host sqlgen.TakeDeliveryRow, c fleet.IssuedCertificate,
) error {
	err := q.InsertCertificate(ctx, sqlgen.InsertCertificateParams{
		Serial: c.Serial, HostID: host.HostID, FQDN: host.FQDN, EnrolmentID: &id, ExpiresAt: &c.NotAfter,
	})
	if err != nil {
		return err
	}
	if err := writeEvent(ctx, q, eventHostChanged, host.HostID, host.GroupIDs, false, hostPayload{host.HostID}); err != nil {
		return err
	}
	return recordEnrolment(ctx, q, actor, "enrolment.deliver", id, map[string]any{
		"host_id": host.HostID, "fqdn": host.FQDN, "serial": c.Serial, "expires_at": c.NotAfter,
	})
}
