package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// checkPayload is what events tell of a check.
type checkPayload struct {
	HostID  string `json:"host_id"`
	CheckID string `json:"check_id"`
}

// Checks returns the checks of a host, the oldest first.
func (s *Store) Checks(ctx context.Context, scope fleet.Scope, hostID string) ([]fleet.CheckView, error) {
	seen, err := s.q.HostSeen(ctx, hostID, scope.All, scope.Groups)
	if err != nil {
		return nil, translate(err)
	}
	if !seen {
		return nil, fleet.NotFound("host")
	}
	rows, err := s.q.ListChecks(ctx, hostID, nil, scope.All, scope.Groups)
	if err != nil {
		return nil, translate(err)
	}
	checks := make([]fleet.CheckView, len(rows))
	for i, row := range rows {
		checks[i] = checkView(row)
	}
	return checks, nil
}

// Check returns one check of a host of scope.
func (s *Store) Check(ctx context.Context, scope fleet.Scope, hostID, id string) (fleet.CheckView, error) {
	seen, err := s.q.HostSeen(ctx, hostID, scope.All, scope.Groups)
	if err != nil {
		return fleet.CheckView{}, translate(err)
	}
	if !seen {
		return fleet.CheckView{}, fleet.NotFound("host")
	}
	return checkOf(ctx, s.q, scope, hostID, id)
}

func checkOf(ctx context.Context, q *sqlgen.Queries, scope fleet.Scope, hostID, id string) (fleet.CheckView, error) {
	rows, err := q.ListChecks(ctx, hostID, &id, scope.All, scope.Groups)
	if err != nil {
		return fleet.CheckView{}, translate(err)
	}
	if len(rows) == 0 {
		return fleet.CheckView{}, fleet.NotFound("health check")
	}
	return checkView(rows[0]), nil
}

// CreateCheck adds a check to a host that the caller operates. The sixth is a conflict of code limit_exceeded.
func (s *Store) CreateCheck(ctx context.Context, by fleet.Caller, c fleet.Check) error {
	return s.change(ctx, by, func(_ pgx.Tx, q *sqlgen.Queries) error {
		host, err := lockHost(ctx, q, by, c.HostID)
		if err != nil {
			return err
		}
		slot, err := q.FreeCheckSlot(ctx, c.HostID)
		if err != nil {
			return err
		}
		if slot == 0 {
			return byConstraint["host_health_checks_slot_key"]
		}
		row := checkRow(c)
		row.Slot = slot
		if err := q.InsertCheck(ctx, row); err != nil {
			return err
		}
		return recordCheck(ctx, q, by, host, "health_check.create", c)
	})
}

// UpdateCheck replaces a check of a host that the caller operates. Where it asks something else from now on, the last
// result is forgotten: it says nothing about the new question.
func (s *Store) UpdateCheck(ctx context.Context, by fleet.Caller, u fleet.CheckUpdate) error {
	return s.change(ctx, by, func(_ pgx.Tx, q *sqlgen.Queries) error {
		host, old, err := lockCheck(ctx, q, by, u.HostID, u.ID)
		if err != nil {
			return err
		}
		if u.KeepPassword && fleet.MayKeepPassword(old.Check, u.Check) {
			if u.Password, err = storedPassword(ctx, q, u.ID); err != nil {
				return err
			}
		}
		if err := q.UpdateCheck(ctx, checkUpdateRow(u.Check)); err != nil {
			return err
		}
		if !fleet.SameProbe(old.Check, u.Check) || !u.KeepPassword {
			if err := q.ForgetCheckState(ctx, u.ID); err != nil {
				return err
			}
		}
		return recordCheck(ctx, q, by, host, "health_check.update", u.Check)
	})
}

// DeleteCheck removes a check of a host that the caller operates.
func (s *Store) DeleteCheck(ctx context.Context, by fleet.Caller, hostID, id string) error {
	return s.change(ctx, by, func(_ pgx.Tx, q *sqlgen.Queries) error {
		host, old, err := lockCheck(ctx, q, by, hostID, id)
		if err != nil {
			return err
		}
		if err := q.DeleteCheck(ctx, id); err != nil {
			return err
		}
		return recordCheck(ctx, q, by, host, "health_check.delete", old.Check)
	})
}

// lockCheck locks a host that by operates, and with it its checks.
func lockCheck(ctx context.Context, q *sqlgen.Queries, by fleet.Caller, hostID, id string) (lockedHost, fleet.CheckView, error) {
	host, err := lockHost(ctx, q, by, hostID)
	if err != nil {
		return host, fleet.CheckView{}, err
	}
	check, err := checkOf(ctx, q, by.Sees(), hostID, id)
	return host, check, err
}

func storedPassword(ctx context.Context, q *sqlgen.Queries, id string) (*fleet.SealedPassword, error) {
	row, err := q.StoredPassword(ctx, id)
	if err != nil || row.BasicAuthKeyID == nil {
		return nil, err
	}
	return &fleet.SealedPassword{
		Ciphertext: row.BasicAuthPassEncrypted, Nonce: row.BasicAuthPassNonce, KeyID: *row.BasicAuthKeyID,
	}, nil
}

func recordCheck(ctx context.Context, q *sqlgen.Queries, by fleet.Caller, host lockedHost, action string, c fleet.Check) error {
	if err := writeWakeup(ctx, q, &host.id, nil, nil, "health check edited"); err != nil {
		return err
	}
	if err := writeEvent(ctx, q, eventCheckChanged, c.ID, host.groups, false, checkPayload{host.id, c.ID}); err != nil {
		return err
	}
	return writeAudit(ctx, q, by.Actor(), action, "health_check", c.ID, map[string]any{
		"host_id": c.HostID, "name": c.Name, "check_type": c.Type, "enabled": c.Enabled, "service_name": c.ServiceName,
		"url": c.URL, "expected_body": c.ExpectedBody, "ignore_cert_errors": c.IgnoreCertErrors,
		"basic_auth_user": c.BasicAuthUser, "has_basic_auth_password": c.Password != nil,
		"failure_threshold": c.FailureThreshold, "success_threshold": c.SuccessThreshold,
	})
}

// CheckResults returns the results of a check of a host of scope, the newest first.
func (s *Store) CheckResults(
	ctx context.Context, scope fleet.Scope, hostID, id string, f fleet.ResultFilter,
) ([]fleet.Result, error) {
	if _, err := s.Check(ctx, scope, hostID, id); err != nil {
		return nil, err
	}
	rows, err := s.q.CheckResults(ctx, sqlgen.CheckResultsParams{
		CheckID: id, Since: f.Since, Until: time.Now().Add(clockAhead), Before: f.Before,
		Every: scope.All, Scope: scope.Groups, MaxRows: maxRows(f.Limit),
	})
	if err != nil {
		return nil, translate(err)
	}
	results := make([]fleet.Result, len(rows))
	for i, r := range rows {
		results[i] = fleet.Result{
			CheckID: id, HostID: hostID, Outcome: fleet.Outcome(r.Outcome), Detail: r.Detail,
			Latency: time.Duration(r.LatencyMs) * time.Millisecond, CheckedAt: r.CheckedAt,
		}
	}
	return results, nil
}
