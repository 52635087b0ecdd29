package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// errSetup is the one answer to a code that does not count.
var errSetup = fleet.Forbidden("wrong_setup_code", "the code is wrong or expired, or there is an administrator already")

// OfferSetup makes a code by which the first administrator can be made; none, without an error, where there is an
// administrator. Only its hash is stored.
func (s *Store) OfferSetup(ctx context.Context, by fleet.Actor) (string, error) {
	code := newSecret()
	err := s.tx(ctx, func(_ pgx.Tx, q *sqlgen.Queries) error {
		if err := q.LockAdministrators(ctx); err != nil {
			return err
		}
		made, err := q.OfferSetupCode(ctx, hashToken(code), fleet.SetupLifetime.Seconds())
		if err != nil {
			return err
		}
		if made == 0 {
			code = ""
			return nil
		}
		return writeAudit(ctx, q, by, "setup.offer", "setup", "", nil)
	})
	return code, err
}

// CheckSetup refuses a code by which no administrator can be made.
func (s *Store) CheckSetup(ctx context.Context, code string) error { return checkSetup(ctx, s.q, code) }

func checkSetup(ctx context.Context, q *sqlgen.Queries, code string) error {
	counts, err := q.SetupCodeCounts(ctx, hashToken(code))
	if err == nil && !counts {
		err = errSetup
	}
	return translate(err)
}

// SetUp makes the first administrator by a code. As with every other way to make one, the trigger end_setup makes all
// codes void.
func (s *Store) SetUp(ctx context.Context, by fleet.Caller, code string, in fleet.UserInput) (string, error) {
	id := newID()
	in.Admin = true
	return id, s.tx(ctx, func(_ pgx.Tx, q *sqlgen.Queries) error {
		if err := q.LockAdministrators(ctx); err != nil {
			return err
		}
		if err := checkSetup(ctx, q, code); err != nil {
			return err
		}
		if err := insertUser(ctx, q, id, in); err != nil {
			return err
		}
		by.UserID, by.Name = id, in.Name
		return writeAudit(ctx, q, by.Actor(), "setup", "user", id, userDetail(in))
	})
}
