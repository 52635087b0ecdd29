package secret_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/secret"
)

func TestTheKeyOfAuditEntriesIsMadeAtTheFirstStartAndMissedAtEveryOther(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys", "audit.key")
	_, err := secret.OpenAuditKey(path, true)
	require.ErrorContains(t, err, "put the file back")
	require.NoFileExists(t, path)

	made, err := secret.OpenAuditKey(path, false)
	require.NoError(t, err)
	again, err := secret.OpenAuditKey(path, true)
	require.NoError(t, err)
	require.Equal(t, made.Sign(fleet.AuditEntry{}), again.Sign(fleet.AuditEntry{}))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode())
	require.EqualValues(t, 32, info.Size())
}

func TestAKeyOfAuditEntriesThatBreaksTheRulesRefusesToStart(t *testing.T) {
	t.Parallel()
	for _, chained := range []bool{false, true} {
		_, err := secret.OpenAuditKey(placed(t, 32, 0o640), chained)
		require.ErrorContains(t, err, "must be 0600")
		_, err = secret.OpenAuditKey(placed(t, 31, 0o600), chained)
		require.ErrorContains(t, err, "must have 32")
		link := filepath.Join(t.TempDir(), "audit.key")
		require.NoError(t, os.Symlink(placed(t, 32, 0o600), link))
		_, err = secret.OpenAuditKey(link, chained)
		require.ErrorContains(t, err, "symbolic link")
	}
}
