package activities_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/activities"
	"github.com/patch-manager/patch-manager/fleet"
)

type auditHead fleet.AuditCheckpoint

func (h auditHead) AuditHead(context.Context) (fleet.AuditCheckpoint, error) {
	return fleet.AuditCheckpoint(h), nil
}

func TestACheckpointGoesToTheLogOnceThereIsAnEntry(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	logger := slog.New(slog.NewTextHandler(&log, nil))
	for _, nothing := range []auditHead{{}, {Seq: 7}} {
		checkpoint, err := activities.NewAuditor(nothing, logger).CheckpointAudit(t.Context())
		require.NoError(t, err)
		require.Empty(t, checkpoint)
		require.Empty(t, log.String())
	}
	head := fleet.AuditCheckpoint{Seq: 12, Hash: bytes.Repeat([]byte{0xab}, fleet.AuditHashSize)}
	checkpoint, err := activities.NewAuditor(auditHead(head), logger).CheckpointAudit(t.Context())
	require.NoError(t, err)
	require.Equal(t, head.String(), checkpoint)
	require.Contains(t, log.String(), `msg="audit checkpoint" checkpoint=12:abab`)
}
