package store_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store"
	"github.com/patch-manager/patch-manager/store/storetest"
)

func TestAnExportOfMoreEntriesThanItsBoundIsRefusedAndNotTakenInPart(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	s := store.New(pool, storetest.AuditKey)
	for range 3 {
		require.NoError(t, act(t.Context(), s, "act"))
	}
	by := fleet.Caller{Principal: fleet.Principal{Name: "root", Admin: true}}
	_, err := s.ExportAudit(t.Context(), by, fleet.AuditFilter{}, 2)
	require.ErrorContains(t, err, "more than 2 entries")
	require.True(t, fleet.IsKind(err, fleet.KindInvalid))
	require.Len(t, allEntries(t, pool), 3, "what was refused was not read")

	next, err := s.ExportAudit(t.Context(), by, fleet.AuditFilter{}, 3)
	require.NoError(t, err)
	require.Len(t, allEntries(t, pool), 4, "its entry is there before anything was read")
	page, err := next(t.Context())
	require.NoError(t, err)
	require.Len(t, page, 3, "what came since is not part of it")
	page, err = next(t.Context())
	require.NoError(t, err)
	require.Empty(t, page)

	_, err = s.ExportAudit(t.Context(), by, fleet.AuditFilter{Before: 3}, 2)
	require.NoError(t, err)
}

func TestEntriesAreNotReadWhereTheReadingCanNotBeWritten(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	require.NoError(t, act(t.Context(), store.New(pool, storetest.AuditKey), "act"))
	other, err := fleet.NewAuditKey(make([]byte, fleet.AuditHashSize))
	require.NoError(t, err)
	stranger := store.New(pool, other)
	by := fleet.Caller{Principal: fleet.Principal{Name: "root", Admin: true}}
	entries, err := stranger.Audit(t.Context(), by, fleet.AuditFilter{Limit: 10})
	require.Error(t, err)
	require.Empty(t, entries)
	_, err = stranger.ExportAudit(t.Context(), by, fleet.AuditFilter{}, 10)
	require.Error(t, err)
}
