package settings_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/settings"
)

const database = "PATCH_MANAGER_DATABASE__URL=postgres://app:hunter2@db/pm"

func load(t *testing.T, environ ...string) (settings.Settings, error) {
	t.Helper()
	return settings.Load(settings.Source{Environ: append([]string{database}, environ...)})
}

func file(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "patch-manager.yaml")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func flags(t *testing.T, args ...string) *pflag.FlagSet {
	t.Helper()
	set := pflag.NewFlagSet("test", pflag.ContinueOnError)
	settings.AddFlags(set)
	require.NoError(t, set.Parse(args))
	return set
}

func TestDefaultsAreTheDocumentedOnes(t *testing.T) {
	t.Parallel()
	var lines strings.Builder
	for _, d := range settings.Docs() {
		fmt.Fprintf(&lines, "%s = %s\n", d.Key, d.Default)
	}
	golden, err := os.ReadFile("testdata/defaults.golden")
	require.NoError(t, err)
	require.Equal(t, string(golden), lines.String())
}

func TestDefaultsKeepTheirRules(t *testing.T) {
	t.Parallel()
	s, err := load(t)
	require.NoError(t, err)
	require.Equal(t, 5*time.Minute, s.Gate.RetryInterval)
	require.Equal(t, 15*time.Minute, s.Windows.Cutoff)
	require.Equal(t, "127.0.0.1:8080", s.API.Listen)
	require.Equal(t, []string{"default"}, s.Worker.Zones)
	require.True(t, s.Checks.IgnoreCertErrorsDefault)
	require.Len(t, s.Checks.Outbound.Ports, 3)
	require.Empty(t, s.Checks.Outbound.Allow)
	require.Equal(t, s.Database.URL.Reveal(), s.Database.MigrateURL.Reveal())
}

func TestALaterSourceWins(t *testing.T) {
	t.Parallel()
	path := file(t, "gate:\n  retry_interval: 1m\n  max_result_age: 20s\nagent: {port: 1234}\nworker:\n  zones: [a, b]\n")
	s, err := settings.Load(settings.Source{
		File:    path,
		Environ: []string{database, "PATCH_MANAGER_GATE__RETRY_INTERVAL=2m", "PATCH_MANAGER_GATE__MAX_RESULT_AGE=21s"},
		Flags:   flags(t, "--gate.retry_interval=3m"),
	})
	require.NoError(t, err)
	require.Equal(t, 3*time.Minute, s.Gate.RetryInterval)
	require.Equal(t, 21*time.Second, s.Gate.MaxResultAge)
	require.Equal(t, 1234, s.Agent.Port)
	require.Equal(t, []string{"a", "b"}, s.Worker.Zones)
}

func TestAnUnknownNameIsRefusedByName(t *testing.T) {
	t.Parallel()
	_, err := load(t, "PATCH_MANAGER_GATE__RETRY_INTERVALL=4s")
	require.ErrorContains(t, err, "gate.retry_intervall (PATCH_MANAGER_GATE__RETRY_INTERVALL) is not known")

	_, err = settings.Load(settings.Source{File: file(t, "gates: {retry_interval: 4s}\n"), Environ: []string{database}})
	require.ErrorContains(t, err, "gates.retry_interval")

	_, err = settings.Load(settings.Source{File: file(t, "gate: 4s\n"), Environ: []string{database}})
	require.ErrorContains(t, err, "setting gate (")
}

func TestNamesOfClientAndTestsAreNotSettings(t *testing.T) {
	t.Parallel()
	_, err := load(t, "PATCH_MANAGER_URL=http://x", "PATCH_MANAGER_TOKEN=x", "PATCH_MANAGER_TEST_DATABASE_URL=x",
		"PATCH_MANAGER_DEV_POSTGRES_PORT=1")
	require.NoError(t, err)
}

func TestAMissingDatabaseIsNamed(t *testing.T) {
	t.Parallel()
	_, err := settings.Load(settings.Source{})
	require.ErrorContains(t, err, "database.url (PATCH_MANAGER_DATABASE__URL) is required")
}

func TestEveryProblemIsReportedAtOnce(t *testing.T) {
	t.Parallel()
	_, err := load(t, "PATCH_MANAGER_LOG__LEVEL=loud", "PATCH_MANAGER_AGENT__PORT=0")
	require.ErrorContains(t, err, "setting log.level (PATCH_MANAGER_LOG__LEVEL): must be one of debug, info, warn, error")
	require.ErrorContains(t, err, "setting agent.port (PATCH_MANAGER_AGENT__PORT): must be a whole number from 1 to 65535")
}

// Each setting at its limit and one past it.
func TestLimitsHold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, good, bad string }{
		{"AGENT__PORT", "1", "0"},
		{"AGENT__PORT", "65535", "65536"},
		{"GATE__RETRY_INTERVAL", "1s", "999ms"},
		{"GATE__RETRY_INTERVAL", "24h", "24h1s"},
		{"GATE__RETRY_INTERVAL", "90s", "90"},
		{"WINDOWS__CUTOFF", "0s", "-1s"},
		{"HEALTH__CHECK_TIMEOUT", "100ms", "99ms"},
		{"HEALTH__CHECK_TIMEOUT", "1m", "61s"},
		{"API__LISTEN", "[::1]:8080", "8080"},
		{"API__LISTEN", ":1", "127.0.0.1:0"},
		{"API__LISTEN", "localhost:65535", "localhost:65536"},
		{"API__PUBLIC_URL", "https://pm.example.org", "pm.example.org"},
		{"API__TRUSTED_PROXIES", "10.0.0.0/8, 192.0.2.1", "10.0.0.1/8"},
		{"API__TRUSTED_PROXIES", "2001:db8::/32", "10.0.0.0/8,"},
		{"TOKENS__MAX_LIFETIME", "1h", "59m"},
		{"TEMPORAL__UI_URL", "https://pm.example.org/x", "pm.example.org"},
		{"TEMPORAL__UI_URL", "", "ftp://x"},
		{"KEYS__HEALTH_CHECK", "/k", "k"},
		{"AGENT__CA_KEY", "", "ca-key.pem"},
		{"AGENT__CERTIFICATE_LIFETIME", "48h", "47h59m59s"},
		{"AGENT__CERTIFICATE_LIFETIME", "43800h", "43800h1s"},
		{"CHECKS__IGNORE_CERT_ERRORS_DEFAULT", "false", "0"},
		{"CHECKS__PORTS", "1,443,1024-65535", "1-65536"},
		{"CHECKS__PORTS", "80", ""},
		{"CHECKS__ALLOW", "", "localhost"},
		{"CHECKS__ALLOW", "127.0.0.0/8, ::1/128, db.internal:5432", "127.0.0.1"},
		{"CHECKS__MAX_REDIRECTS", "0", "-1"},
		{"CHECKS__MAX_REDIRECTS", "5", "6"},
		{"WORKER__MAX_ACTIVITIES", "2", "1"},
		{"WORKER__MAX_ACTIVITIES", "100000", "100001"},
		{"WORKER__ZONES", "a, b", "a,"},
		{"WORKER__ZONES", strings.Repeat("a", 50), strings.Repeat("a", 51)},
		{"WORKER__ZONES", "a", "a,a"},
		{"DATABASE__MIGRATE_URL", "host=db user=x", "postgres://db:port/x"},
		{"WINDOWS__CUTOFF_WITH_REBOOT", "15m", "14m"},
		{"HEALTH__RESULT_RETENTION", "1h", "59m"},
		{"OUTPUTS__RETENTION", "9600h", "9600h1s"},
	} {
		_, err := load(t, "PATCH_MANAGER_"+c.name+"="+c.good)
		require.NoError(t, err, "%s=%s", c.name, c.good)
		_, err = load(t, "PATCH_MANAGER_"+c.name+"="+c.bad)
		key := strings.ToLower(strings.ReplaceAll(c.name, "__", "."))
		require.ErrorContains(t, err, "setting "+key, "%s=%s", c.name, c.bad)
	}
}

func TestAPasswordIsNeverPrinted(t *testing.T) {
	t.Parallel()
	s, err := load(t)
	require.NoError(t, err)
	asJSON, err := json.Marshal(s)
	require.NoError(t, err)
	for _, text := range []string{fmt.Sprint(s), fmt.Sprintf("%+v", s), fmt.Sprintf("%#v", s), string(asJSON)} {
		require.NotContains(t, text, "hunter2")
	}
	_, err = load(t, "PATCH_MANAGER_DATABASE__MIGRATE_URL=postgres://o:hunter2@db:none/pm")
	require.ErrorContains(t, err, "database.migrate_url")
	require.NotContains(t, err.Error(), "hunter2")
	require.Equal(t, "postgres://app:hunter2@db/pm", s.Database.URL.Reveal())
}

func TestAFileThatCannotBeReadIsNamed(t *testing.T) {
	t.Parallel()
	_, err := settings.Load(settings.Source{File: "/nonexistent/settings.yaml"})
	require.ErrorContains(t, err, "/nonexistent/settings.yaml")
	_, err = settings.Load(settings.Source{File: file(t, "gate: [\n")})
	require.ErrorContains(t, err, "patch-manager.yaml")
}

func TestWithoutHTTPSTheAPIIsForTheMachineItselfAlone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ listen, public, want string }{
		{"127.0.0.1:8080", "", "http://127.0.0.1:8080"},
		{"[::1]:8080", "", "http://[::1]:8080"},
		{"localhost:8080", "", "http://localhost:8080"},
		{"0.0.0.0:8080", "http://127.8.0.1:8080", "http://127.8.0.1:8080"},
		{":8080", "https://pm.example.org", "https://pm.example.org"},
		{"127.0.0.1:8080", "http://pm.example.org", ""},
		{"127.0.0.1:8080", "http://127.0.0.1.example.org", ""},
		{"0.0.0.0:8080", "", ""},
		{":8080", "", ""},
		{"192.0.2.1:8080", "", ""},
		{"pm.example.org:8080", "", ""},
	} {
		s, err := load(t, "PATCH_MANAGER_API__LISTEN="+c.listen, "PATCH_MANAGER_API__PUBLIC_URL="+c.public)
		require.NoError(t, err)
		u, err := s.Public()
		if c.want == "" {
			require.ErrorContains(t, err, "api.public_url", "%v", c)
			continue
		}
		require.NoError(t, err, "%v", c)
		require.Equal(t, c.want, u.String())
	}
}
