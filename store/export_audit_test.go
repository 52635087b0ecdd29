package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// Audited runs do in a transaction, with what writes audit entries in it.
func (s *Store) Audited(ctx context.Context, do func(write func(fleet.Actor, string, any) error) error) error {
	return s.tx(ctx, func(_ pgx.Tx, q *sqlgen.Queries) error {
		return do(func(by fleet.Actor, action string, detail any) error {
			return writeAudit(ctx, q, by, action, "thing", "1", detail)
		})
	})
}

// WriteAuditOutside writes an entry past Store.tx.
func (s *Store) WriteAuditOutside(ctx context.Context) error {
	return writeAudit(ctx, s.q, fleet.Actor{Name: "ann"}, "act", "thing", "1", nil)
}

// VerifyAuditIn is VerifyAudit within a transaction of the caller's.
func VerifyAuditIn(ctx context.Context, tx pgx.Tx, key fleet.AuditKey, checkpoints ...fleet.AuditCheckpoint) (fleet.AuditReport, error) {
	return verifyAudit(ctx, tx, key, checkpoints)
}

// AuditEntries returns all entries.
func AuditEntries(ctx context.Context, db sqlgen.DBTX) (all []fleet.AuditEntry, err error) {
	err = eachAudit(ctx, db, func(e fleet.AuditEntry) { all = append(all, e) })
	return all, err
}
