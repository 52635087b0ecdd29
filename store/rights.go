package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// errRightsChanged is for changes that came with rights which were taken away before they began.
var errRightsChanged = fleet.Forbidden("rights_changed", "your rights were changed meanwhile, and nothing was done")

// change is tx for what a caller may do by the rights that were read when the request came. They are read again, and held
// until the end: once taking a right away was answered, not one change that needs it is made.
func (s *Store) change(ctx context.Context, by fleet.Caller, do func(tx pgx.Tx, q *sqlgen.Queries) error) error {
	return s.tx(ctx, func(tx pgx.Tx, q *sqlgen.Queries) error {
		if err := keepsRights(ctx, q, by); err != nil {
			return err
		}
		return do(tx, q)
	})
}

// keepsRights fails where the caller lost a right. Who is known by nothing is a process of ours and has none to lose.
func keepsRights(ctx context.Context, q *sqlgen.Queries, by fleet.Caller) error {
	if by.Credential.Kind == "" {
		return nil
	}
	row, err := q.RightsNow(ctx, by.UserID, by.Credential.ID)
	if errors.Is(err, pgx.ErrNoRows) {
		return errRightsChanged
	}
	if err != nil {
		return fmt.Errorf("read rights: %w", err)
	}
	roles, err := readRoles(row.Roles)
	if err != nil {
		return err
	}
	if !by.Within(fleet.Principal{Admin: row.IsAdmin, Groups: roles}) {
		return errRightsChanged
	}
	return nil
}
