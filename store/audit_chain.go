package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// errAuditBroken refuses to continue a chain whose end is not of our key: what comes after would hide that.
var errAuditBroken = errors.New("the newest audit entry was not made with the key of keys.audit, or was changed since: " +
	"find out with `patch-manager audit verify`, and begin a new chain with `patch-manager audit seal`")

// AuditChained reports whether entries are chained already, with a key that must exist then.
func AuditChained(ctx context.Context, pool *pgxpool.Pool) (bool, error) {
	var chained bool
	err := pool.QueryRow(ctx, `select exists (select from audit_entries where hash is not null)`).Scan(&chained)
	if err != nil {
		return false, fmt.Errorf("look for audit entries: %w", translate(err))
	}
	return chained, nil
}

// CheckAudit refuses a chain that this store's key can not continue.
func (s *Store) CheckAudit(ctx context.Context) error {
	newest, err := newestAudit(ctx, s.pool)
	if err != nil {
		return fmt.Errorf("read newest audit entry: %w", translate(err))
	}
	if begins(newest) || s.auditKey.Made(newest) {
		return nil
	}
	return errAuditBroken
}

// AuditHead returns the newest entry as a checkpoint; its Seq is 0 where there is none.
func (s *Store) AuditHead(ctx context.Context) (fleet.AuditCheckpoint, error) {
	newest, err := newestAudit(ctx, s.pool)
	if err != nil {
		return fleet.AuditCheckpoint{}, fmt.Errorf("read newest audit entry: %w", translate(err))
	}
	return fleet.AuditCheckpoint{Seq: newest.Seq, Hash: newest.Hash}, nil
}

// SealAudit begins a new chain with the key of this store, whatever state the present one is in: the way on once a key
// was lost or somebody changed entries. The first entry of the new chain says who did it and holds the digest of all
// entries so far.
func (s *Store) SealAudit(ctx context.Context, by fleet.Actor) (fleet.AuditCheckpoint, error) {
	err := s.audited(ctx, func(tx *auditedTx) error {
		tx.sealBy = &by
		return nil
	})
	if err != nil {
		return fleet.AuditCheckpoint{}, fmt.Errorf("seal audit entries: %w", err)
	}
	return s.AuditHead(ctx)
}

// chain writes the entries of a transaction. Its statements are the last before the commit, so whoever waits for the
// lock waits for no more than that.
func (s *Store) chain(ctx context.Context, tx *auditedTx) error {
	if len(tx.entries) == 0 && tx.sealBy == nil {
		return nil
	}
	if s.auditKey == (fleet.AuditKey{}) {
		return errors.New("write audit entries: the store has no key for them")
	}
	q := sqlgen.New(tx)
	now, err := q.LockAudit(ctx)
	if err != nil {
		return fmt.Errorf("lock audit entries: %w", err)
	}
	// Read by a statement of its own, which sees what was committed while we waited for the lock.
	last, err := newestAudit(ctx, tx)
	if err != nil {
		return fmt.Errorf("read newest audit entry: %w", err)
	}
	if last, err = s.sealWhereAsked(ctx, tx, last); err != nil {
		return err
	}
	return writeAll(ctx, q, s.link(tx.entries, last, now))
}

// begins reports whether there is no entry yet that the next one has to follow.
func begins(newest fleet.AuditEntry) bool { return newest.Seq == 0 && !newest.Damaged }

// sealWhereAsked puts the seal of SealAudit before the entries of its transaction. It returns the entry that the first one
// is to follow. Nothing is sealed unasked: somebody who took the hashes away from all entries would have the application
// itself vouch for what they made of them.
func (s *Store) sealWhereAsked(ctx context.Context, tx *auditedTx, last fleet.AuditEntry) (fleet.AuditEntry, error) {
	switch {
	case tx.sealBy != nil:
		return s.seal(ctx, tx, last)
	case begins(last):
		last.Hash = make([]byte, fleet.AuditHashSize)
		return last, nil
	case s.auditKey.Made(last):
		return last, nil
	}
	return last, errAuditBroken
}

func (s *Store) seal(ctx context.Context, tx *auditedTx, last fleet.AuditEntry) (fleet.AuditEntry, error) {
	v := fleet.NewAuditVerifier(s.auditKey, nil)
	if err := eachAudit(ctx, tx, v.Next); err != nil {
		return last, fmt.Errorf("seal audit entries: %w", err)
	}
	entry, err := newAuditEntry(*tx.sealBy, fleet.ActionAuditSeal, "audit", "", v.Seal())
	tx.entries = append([]fleet.AuditEntry{entry}, tx.entries...)
	last.Hash = make([]byte, fleet.AuditHashSize)
	return last, err
}

// link gives entries their places behind last, at now or at the time of last where the clock was set back.
func (s *Store) link(entries []fleet.AuditEntry, last fleet.AuditEntry, now time.Time) []fleet.AuditEntry {
	if now.Before(last.At) {
		now = last.At
	}
	linked := make([]fleet.AuditEntry, 0, len(entries))
	for _, e := range entries {
		e.Seq, e.At, e.PrevHash = last.Seq+1, now, last.Hash
		e.Hash = s.auditKey.Sign(e)
		linked = append(linked, e)
		last = e
	}
	return linked
}

func writeAll(ctx context.Context, q *sqlgen.Queries, entries []fleet.AuditEntry) error {
	rows := make([]sqlgen.InsertAuditParams, len(entries))
	for i, e := range entries {
		rows[i] = sqlgen.InsertAuditParams{
			Seq: e.Seq, At: e.At, ActorID: orNull(e.ActorID), ActorName: e.ActorName, Action: e.Action, SubjectType: e.SubjectType,
			SubjectID: e.SubjectID, RequestID: e.RequestID, RemoteAddr: e.RemoteAddr, Detail: string(e.Detail), PrevHash: e.PrevHash, Hash: e.Hash,
		}
	}
	var failed error
	q.InsertAudit(ctx, rows).Exec(func(_ int, err error) { failed = errors.Join(failed, err) })
	if failed != nil {
		return fmt.Errorf("write audit entries: %w", failed)
	}
	return nil
}
