package settings_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/settings"
)

// FuzzLoad holds that no file and no environment is read as settings that break a rule, and that an error never repeats a
// value, which may be a password.
func FuzzLoad(f *testing.F) {
	f.Add("gate:\n  retry_interval: 10s\n", "gate.retry_interval", "1m")
	f.Add("database.url: postgres://u:p@h/d\nworker: {zones: [a, b]}\n", "worker.zones", "a, b")
	f.Add("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "", "")
	f.Add("1: x\n? [a]\n: y\n", "database", "x")
	f.Add("gate: 5\n", "gate", "5")
	f.Add("!!binary aGk=\n", "database.url", "host=x password='y")
	f.Add("{", "temporal.ui_url", "https://u:p@h/")
	for _, yaml := range []string{
		"database:\n  url: *hunter2hunter2\n", "database:\n  url: !!int hunter2hunter2\n", "hunter2hunter2", "- hunter2hunter2\n",
		"database:\n  url: hunter2hunter2\n\tx", "database: {url: &a hunter2hunter2, <<: hunter2hunter2}",
	} {
		f.Add(yaml, "", "")
	}
	for _, d := range settings.Docs() {
		f.Add("", d.Key, d.Default)
		f.Add(strings.ReplaceAll(d.Key, ".", ": {")+": 9223372036854775807h"+strings.Repeat("}", strings.Count(d.Key, ".")), d.Key, "-1")
	}
	f.Fuzz(func(t *testing.T, yaml, key, value string) {
		path := filepath.Join(t.TempDir(), "patch-manager.yaml")
		require.NoError(t, os.WriteFile(path, []byte(yaml), 0o600))
		const secret = "hunter2hunter2"
		variable := settings.EnvPrefix + strings.ToUpper(strings.ReplaceAll(key, ".", "__")) + "=" + secret + value

		_, err := settings.Load(settings.Source{Environ: []string{database, variable}})
		if err != nil {
			require.NotContains(t, err.Error(), secret)
		}
		s, err := settings.Load(settings.Source{File: path, Environ: []string{database}})
		if err != nil {
			if strings.HasPrefix(err.Error(), "read settings of") { // others may name a key
				require.NotContains(t, err.Error(), secret)
			}
			return
		}
		require.NotEmpty(t, s.Database.URL.Reveal())
		require.GreaterOrEqual(t, s.Windows.CutoffWithReboot, s.Windows.Cutoff)
		require.Positive(t, s.Windows.Cutoff)
		require.Positive(t, s.Health.CheckTimeout)
		require.Positive(t, s.Gate.MaxResultAge)
		require.GreaterOrEqual(t, s.Health.ResultRetention, 2*s.Health.PollInterval)
		require.NotEmpty(t, s.Worker.Zones)
	})
}
