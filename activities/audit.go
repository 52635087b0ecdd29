package activities

import (
	"context"
	"log/slog"

	"github.com/patch-manager/patch-manager/fleet"
)

// AuditHead knows the newest audit entry; its Seq is 0 where there is none.
type AuditHead interface {
	AuditHead(ctx context.Context) (fleet.AuditCheckpoint, error)
}

// Auditor says outside of the database how far the audit entries reach.
type Auditor struct {
	store AuditHead
	log   *slog.Logger
}

// NewAuditor makes an auditor.
func NewAuditor(store AuditHead, log *slog.Logger) *Auditor { return &Auditor{store: store, log: log} }

// CheckpointAudit writes the newest entry to the log, where `patch-manager audit verify` finds it by these words, and
// returns it, so that it stands in Temporal, too. Once it was seen, entries can not be cut off before it unnoticed.
func (a *Auditor) CheckpointAudit(ctx context.Context) (string, error) {
	head, err := a.store.AuditHead(ctx)
	if err != nil {
		return "", retryable(err)
	}
	if head.Seq == 0 || len(head.Hash) == 0 {
		return "", nil // nothing is chained yet
	}
	a.log.InfoContext(ctx, "audit checkpoint", "checkpoint", head.String())
	return head.String(), nil
}
