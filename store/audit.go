package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// auditedTx is a transaction with the entries that Store.tx writes at its end. A transaction that is run again begins
// with none.
type auditedTx struct {
	pgx.Tx
	entries []fleet.AuditEntry
	sealBy  *fleet.Actor // begins a new chain if set
}

// writeAudit records in the transaction of q what actor did, so that there is no change without its entry. Detail is
// stored as JSON (nil: an empty object) and must hold no secret. The entry is written by the last statements of the
// transaction: nothing may be read of it before.
func writeAudit(_ context.Context, q *sqlgen.Queries, actor fleet.Actor, action, subjectType, subjectID string, detail any) error {
	tx, ok := q.DB().(*auditedTx)
	if !ok {
		return errors.New("write audit entry: not in a transaction of Store.tx")
	}
	entry, err := newAuditEntry(actor, action, subjectType, subjectID, detail)
	if err != nil {
		return fmt.Errorf("write audit entry: %w", err)
	}
	tx.entries = append(tx.entries, entry)
	return nil
}

// newAuditEntry is an entry as it will be stored, but for its place in the chain.
func newAuditEntry(actor fleet.Actor, action, subjectType, subjectID string, detail any) (fleet.AuditEntry, error) {
	encoded, err := encode(detail)
	if err != nil {
		return fleet.AuditEntry{}, fmt.Errorf("encode detail: %w", err)
	}
	e := fleet.AuditEntry{
		ActorName: actor.Name, Action: action, SubjectType: subjectType, SubjectID: subjectID,
		RequestID: actor.RequestID, RemoteAddr: actor.RemoteAddr, Detail: encoded,
	}
	if actor.UserID != "" {
		// As Postgres writes it, since that is what the hash is over.
		id, err := uuid.Parse(actor.UserID)
		if err != nil {
			return fleet.AuditEntry{}, fmt.Errorf("id of actor: %w", err)
		}
		e.ActorID = id.String()
	}
	return e, nil
}

// encode is v as JSON; nil is an empty object, which is what the columns' defaults are.
func encode(v any) (json.RawMessage, error) {
	if v == nil {
		return json.RawMessage(`{}`), nil
	}
	return json.Marshal(v)
}
