package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// auditSelect reads entries; conditions and order follow it. It is written by hand so that the API, the chain and its
// verification read the same. The detail comes as text, because what knows JSON drops spaces around it; what
// the schema rules out is read as damage, so that somebody who changed the schema first is found and not an error.
const auditSelect = `
select coalesce(seq, 0), case when isfinite(at) then at else 'epoch'::timestamptz end, coalesce(actor_id::text, ''),
    coalesce(actor_name, ''), coalesce(action, ''), coalesce(subject_type, ''), coalesce(subject_id, ''),
    coalesce(request_id, ''), coalesce(remote_addr, ''), coalesce(detail::text, ''), prev_hash, hash,
    num_nulls(seq, at, actor_name, action, subject_type, subject_id, request_id, remote_addr, detail) > 0 or not isfinite(at)
from audit_entries`

func scanAudit(row pgx.Row, e *fleet.AuditEntry) error {
	return row.Scan(&e.Seq, &e.At, &e.ActorID, &e.ActorName, &e.Action, &e.SubjectType, &e.SubjectID, &e.RequestID, &e.RemoteAddr,
		(*[]byte)(&e.Detail), &e.PrevHash, &e.Hash, &e.Damaged)
}

// newestAudit returns the newest entry, with Seq 0 where there is none.
func newestAudit(ctx context.Context, db sqlgen.DBTX) (e fleet.AuditEntry, err error) {
	err = scanAudit(db.QueryRow(ctx, auditSelect+` order by seq desc limit 1`), &e)
	if errors.Is(err, pgx.ErrNoRows) {
		return fleet.AuditEntry{}, nil
	}
	return e, err
}

// eachAudit streams all entries in order of their numbers, as they are at one moment.
func eachAudit(ctx context.Context, db sqlgen.DBTX, do func(fleet.AuditEntry)) error {
	rows, err := db.Query(ctx, auditSelect+` order by seq`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var e fleet.AuditEntry // a fresh one, since a scan into the slices of another would write into them
		if err := scanAudit(rows, &e); err != nil {
			return err
		}
		do(e)
	}
	return rows.Err()
}

// VerifyAudit reads every entry and reports what was done to them past the application.
func (s *Store) VerifyAudit(ctx context.Context, checkpoints []fleet.AuditCheckpoint) (fleet.AuditReport, error) {
	return verifyAudit(ctx, s.pool, s.auditKey, checkpoints)
}

func verifyAudit(ctx context.Context, db sqlgen.DBTX, key fleet.AuditKey, checkpoints []fleet.AuditCheckpoint) (fleet.AuditReport, error) {
	v := fleet.NewAuditVerifier(key, checkpoints)
	if err := eachAudit(ctx, db, v.Next); err != nil {
		return fleet.AuditReport{}, fmt.Errorf("read audit entries: %w", translate(err))
	}
	return v.End(), nil
}
