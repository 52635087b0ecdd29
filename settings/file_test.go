package settings

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the file of the package")

// packaged is what the installed file of settings says, for Postgres on the same machine: there both logins are known by the
// users that processes run as, and no password is needed.
var packaged = map[string]string{
	"database.url":         "postgres:///patch_manager?host=/run/postgresql&user=patch-manager",
	"database.migrate_url": "postgres:///patch_manager?host=/run/postgresql&user=patch-manager-owner",
}

func TestThePackagedFileIsTheOneOfTheseSettings(t *testing.T) {
	t.Parallel()
	const file = "../packaging/patch-manager/config.yaml"
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(File(packaged)), 0o600))
	}
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, File(packaged), string(text), "go test ./settings -update")
	s := load(t, string(text))
	require.Equal(t, packaged["database.url"], s.Database.URL.Reveal())
	require.Equal(t, packaged["database.migrate_url"], s.Database.MigrateURL.Reveal())
}

func load(t *testing.T, text string) Settings {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config.yaml")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	s, err := Load(Source{File: file})
	require.NoError(t, err, text)
	return s
}

var commented = regexp.MustCompile(`(?m)^( *)#([a-z])`)

func TestTheFileWithEveryCommentTakenAwayIsTheDefaults(t *testing.T) {
	t.Parallel()
	got, want := load(t, commented.ReplaceAllString(File(packaged), "$1$2")), load(t, File(packaged))
	require.Len(t, got.Shown, len(keys))
	for i := range got.Shown {
		require.Equal(t, want.Shown[i].Value, got.Shown[i].Value, got.Shown[i].Key)
		require.Equal(t, "file", string(got.Shown[i].Source), "%s is in the file", got.Shown[i].Key)
	}
}
