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

// systemActor is who acts where nobody asked.
var systemActor = fleet.Actor{Name: "patch-manager"}

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
	if len(newest.Hash) > 0 && !s.auditKey.Made(newest) {
		return errAuditBroken
	}
	return nil
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
	if last, err = s.sealWhereNeeded(ctx, tx, last); err != nil {
		return err
	}
	return writeAll(ctx, q, s.link(tx.entries, last, now))
}

// sealWhereNeeded puts a seal before the entries of a transaction that begins a chain behind older entries. It returns
// the entry that the first one is to follow.
func (s *Store) sealWhereNeeded(ctx context.Context, tx *auditedTx, last fleet.AuditEntry) (fleet.AuditEntry, error) {
	by, forced := systemActor, tx.sealBy != nil
	switch {
	case forced:
		by = *tx.sealBy
	case last.Seq == 0:
		last.Hash = make([]byte, fleet.AuditHashSize)
		return last, nil
	case len(last.Hash) > 0 && s.auditKey.Made(last):
		return last, nil
	case len(last.Hash) > 0:
		return last, errAuditBroken
	}
	seal, chained, err := s.sealOf(ctx, tx)
	if err != nil {
		return last, fmt.Errorf("seal audit entries: %w", err)
	}
	if chained && !forced {
		return last, errAuditBroken // somebody added an entry without a hash behind the chain
	}
	entry, err := newAuditEntry(by, fleet.ActionAuditSeal, "audit", "", seal)
	tx.entries = append([]fleet.AuditEntry{entry}, tx.entries...)
	last.Hash = make([]byte, fleet.AuditHashSize)
	return last, err
}

// sealOf is what a seal of all entries holds, and whether any of them are chained.
func (s *Store) sealOf(ctx context.Context, tx *auditedTx) (seal fleet.AuditSeal, chained bool, err error) {
	v := fleet.NewAuditVerifier(s.auditKey, nil)
	err = eachAudit(ctx, tx, func(e fleet.AuditEntry) {
		chained = chained || len(e.Hash) > 0
		v.Next(e)
	})
	return v.Seal(), chained, err
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
