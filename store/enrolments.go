package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// enroller is who acts before there is a host, for the audit entry.
func enroller(from fleet.Actor) fleet.Actor {
	from.Name = "enrolling machine"
	return from
}

// RequestEnrolment keeps the request of a machine, in the place of one that still waits, and returns the token that it is
// polled with; only its hash is stored. What is known already, of hosts or of other requests, makes no difference to the
// answer.
func (s *Store) RequestEnrolment(ctx context.Context, from fleet.Actor, r fleet.EnrolmentRequest) (string, error) {
	secret := make([]byte, tokenBytes)
	_, _ = rand.Read(secret) // never fails: crypto/rand ends the process instead
	token := base64.RawURLEncoding.EncodeToString(secret)
	hash := sha256.Sum256([]byte(token))
	return token, s.tx(ctx, func(_ pgx.Tx, q *sqlgen.Queries) error {
		if err := makeRoom(ctx, q, r); err != nil {
			return err
		}
		id := newID()
		err := q.InsertEnrolment(ctx, sqlgen.InsertEnrolmentParams{
			ID: id, MachineID: r.MachineID, FQDN: r.FQDN, IPAddress: r.IPAddress, Hostname: r.Hostname,
			OSDetails: r.OSDetails, RemoteAddr: r.RemoteAddr, RemoteNetwork: r.RemoteNetwork, TokenHash: hash[:],
		})
		if err != nil {
			return err
		}
		return recordEnrolment(ctx, q, enroller(from), "enrolment.request", id, map[string]any{
			"machine_id": r.MachineID, "fqdn": r.FQDN, "ip_address": r.IPAddress,
		})
	})
}

// makeRoom forgets the waiting request of the same machine, and refuses where too many others wait.
func makeRoom(ctx context.Context, q *sqlgen.Queries, r fleet.EnrolmentRequest) error {
	if err := q.LockEnrolments(ctx); err != nil {
		return err
	}
	if err := q.ForgetWaitingEnrolment(ctx, r.MachineID); err != nil {
		return err
	}
	waiting, err := q.CountWaitingEnrolments(ctx, r.RemoteNetwork, fleet.EnrolmentWait.Seconds())
	if err != nil {
		return err
	}
	if waiting.Total >= fleet.MaxWaitingEnrolments || waiting.OfAddress >= fleet.MaxWaitingOfAddress {
		return fleet.TooMany(time.Minute)
	}
	return nil
}

// Enrolments returns the requests that pass the filter, the newest first.
func (s *Store) Enrolments(ctx context.Context, by fleet.Caller, f fleet.EnrolmentFilter) ([]fleet.Enrolment, error) {
	p := sqlgen.ListEnrolmentsParams{Status: string(f.Status), MaxRows: maxRows(f.Limit)}
	if f.After != nil {
		p.AfterCreatedAt, p.AfterID = &f.After.CreatedAt, &f.After.ID
	}
	return s.enrolments(ctx, by, p)
}

// Enrolment returns one request.
func (s *Store) Enrolment(ctx context.Context, by fleet.Caller, id string) (fleet.Enrolment, error) {
	found, err := s.enrolments(ctx, by, sqlgen.ListEnrolmentsParams{ID: &id, MaxRows: 1})
	if err != nil {
		return fleet.Enrolment{}, err
	}
	if len(found) == 0 {
		return fleet.Enrolment{}, fleet.NotFound("enrolment")
	}
	return found[0], nil
}

func (s *Store) enrolments(ctx context.Context, by fleet.Caller, p sqlgen.ListEnrolmentsParams) ([]fleet.Enrolment, error) {
	if err := by.RequireAdmin(); err != nil {
		return nil, err
	}
	p.WaitSeconds, p.FetchSeconds = fleet.EnrolmentWait.Seconds(), fleet.EnrolmentFetch.Seconds()
	rows, err := s.q.ListEnrolments(ctx, p)
	if err != nil {
		return nil, translate(err)
	}
	list := make([]fleet.Enrolment, len(rows))
	for i, r := range rows {
		list[i] = fleet.Enrolment{
			ID: r.ID, Status: fleet.EnrolmentStatus(r.Status), CreatedAt: r.CreatedAt,
			EnrolmentRequest: fleet.EnrolmentRequest{
				MachineID: r.MachineID, FQDN: r.FQDN, IPAddress: r.IPAddress, Hostname: r.Hostname, OSDetails: r.OSDetails,
				RemoteAddr: r.RemoteAddr,
			},
			DecidedAt: r.DecidedAt, DecidedBy: deref(r.DecidedBy), HostID: deref(r.HostID), DeliveredAt: r.DeliveredAt,
			RegisteredHostID: deref(r.RegisteredHostID),
		}
	}
	return list, nil
}

// ApproveEnrolment registers the machine as a new host, or takes it for an existing one of the same name, and lets it
// fetch its certificate for fleet.EnrolmentFetch. It returns the host's id. The name is that of the request, which never
// changes: who asks again makes another one.
func (s *Store) ApproveEnrolment(ctx context.Context, by fleet.Caller, id string, a fleet.Approval) (hostID string, err error) {
	err = s.change(ctx, by, func(_ pgx.Tx, q *sqlgen.Queries) error {
		e, err := lockWaiting(ctx, q, by, id)
		if err != nil {
			return err
		}
		if hostID, err = enrolledHost(ctx, q, by, e, a); err != nil {
			return err
		}
		if err := decide(ctx, q, by, id, fleet.EnrolmentApproved, &hostID); err != nil {
			return err
		}
		return recordEnrolment(ctx, q, by.Actor(), "enrolment.approve", id, map[string]any{
			"machine_id": e.MachineID, "fqdn": e.FQDN, "ip_address": e.IPAddress, "host_id": hostID, "new_host": a.HostID == "",
		})
	})
	return hostID, err
}

// enrolledHost is the host that the machine becomes.
func enrolledHost(ctx context.Context, q *sqlgen.Queries, by fleet.Caller, e sqlgen.LockEnrolmentRow, a fleet.Approval) (string, error) {
	if a.HostID == "" {
		in := a.New
		in.FQDN = e.FQDN
		return createHost(ctx, q, by, in)
	}
	host, err := lockHost(ctx, q, by, a.HostID)
	if err != nil {
		return "", err
	}
	if !strings.EqualFold(host.fqdn, e.FQDN) {
		return "", fleet.Conflict("fqdn_differs", "the machine says that it is %s, and the host is %s", e.FQDN, host.fqdn)
	}
	return host.id, nil
}

// DenyEnrolment refuses a machine, also one that was approved and has not fetched its certificate yet.
func (s *Store) DenyEnrolment(ctx context.Context, by fleet.Caller, id string) error {
	return s.change(ctx, by, func(_ pgx.Tx, q *sqlgen.Queries) error {
		e, err := lockWaiting(ctx, q, by, id)
		if err != nil && !errors.Is(err, errApproved) {
			return err
		}
		if err := decide(ctx, q, by, id, fleet.EnrolmentDenied, nil); err != nil {
			return err
		}
		return recordEnrolment(ctx, q, by.Actor(), "enrolment.deny", id, map[string]any{"machine_id": e.MachineID, "fqdn": e.FQDN})
	})
}

var (
	errApproved = fleet.Conflict("enrolment_decided", "the request was approved already")
	errDecided  = fleet.Conflict("enrolment_decided", "the request was decided already, or waited for too long; the machine has to ask again")
)

// lockWaiting locks a request that an administrator may decide. One that is approved comes with errApproved.
func lockWaiting(ctx context.Context, q *sqlgen.Queries, by fleet.Caller, id string) (sqlgen.LockEnrolmentRow, error) {
	if err := by.RequireAdmin(); err != nil {
		return sqlgen.LockEnrolmentRow{}, err
	}
	e, err := q.LockEnrolment(ctx, fleet.EnrolmentWait.Seconds(), id)
	switch {
	case err != nil:
		return e, found(err, "enrolment")
	case e.Status == string(fleet.EnrolmentApproved):
		return e, errApproved
	case e.Status != string(fleet.EnrolmentPending) || !e.Waits:
		return e, errDecided
	}
	return e, nil
}

func decide(ctx context.Context, q *sqlgen.Queries, by fleet.Caller, id string, status fleet.EnrolmentStatus, hostID *string) error {
	return q.DecideEnrolment(ctx, string(status), by.Name, hostID, id)
}

func recordEnrolment(ctx context.Context, q *sqlgen.Queries, actor fleet.Actor, action, id string, detail map[string]any) error {
	if err := writeEvent(ctx, q, eventEnrolmentChanged, id, nil, false, map[string]string{"enrolment_id": id}); err != nil {
		return err
	}
	return writeAudit(ctx, q, actor, action, "enrolment", id, detail)
}
