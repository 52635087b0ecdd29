package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// writeAudit records in the transaction of q what actor did, so that there is no change without its entry. Detail is
// stored as JSON (nil: an empty object) and must hold no secret.
func writeAudit(ctx context.Context, q *sqlgen.Queries, actor fleet.Actor, action, subjectType, subjectID string, detail any) error {
	encoded, err := encode(detail)
	if err != nil {
		return fmt.Errorf("encode audit detail: %w", err)
	}
	var actorID *string
	if actor.UserID != "" {
		actorID = &actor.UserID
	}
	err = q.InsertAudit(ctx, sqlgen.InsertAuditParams{
		ActorID: actorID, ActorName: actor.Name, Action: action, SubjectType: subjectType, SubjectID: subjectID,
		RequestID: actor.RequestID, RemoteAddr: actor.RemoteAddr, Detail: encoded,
	})
	if err != nil {
		return fmt.Errorf("write audit entry: %w", err)
	}
	return nil
}

// encode is v as JSON; nil is an empty object, which is what the columns' defaults are.
func encode(v any) (json.RawMessage, error) {
	if v == nil {
		return json.RawMessage(`{}`), nil
	}
	return json.Marshal(v)
}
