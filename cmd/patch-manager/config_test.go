package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheInstalledSettingsCountUnlessTheEnvironmentNamesOthersOrNone(t *testing.T) {
	t.Parallel()
	none := func(string) (string, bool) { return "", false }
	file := filepath.Join(t.TempDir(), "config.yaml")
	require.Empty(t, configFile(none, file))
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	require.Equal(t, file, configFile(none, file))
	for _, other := range []string{"/srv/other.yaml", ""} {
		env := func(name string) (string, bool) { return other, name == "PATCH_MANAGER_CONFIG" }
		require.Equal(t, other, configFile(env, file))
	}
}
