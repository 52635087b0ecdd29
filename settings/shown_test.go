package settings

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
)

// shownOf loads settings and returns what is shown of them, by key.
func shownOf(t *testing.T, src Source) map[string]fleet.Setting {
	t.Helper()
	s, err := Load(src)
	require.NoError(t, err)
	require.Len(t, s.Shown, len(keys))
	by := map[string]fleet.Setting{}
	for i, k := range keys {
		require.Equal(t, k.name, s.Shown[i].Key, "in the order in which they are documented")
		by[k.name] = s.Shown[i]
	}
	return by
}

func TestEverySettingIsShownWithWhatCountsAndWhereItComesFrom(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "settings.yaml")
	require.NoError(t, os.WriteFile(file, []byte("gate:\n  retry_interval: 1m\nagent: {port: 1234}\nworker:\n  zones: [a, b]\n"), 0o600))
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	AddFlags(flags)
	require.NoError(t, flags.Parse([]string{"--log.level=debug"}))
	by := shownOf(t, Source{File: file, Flags: flags, Environ: []string{
		"PATCH_MANAGER_DATABASE__URL=postgres://app:hunter2@db/pm", "PATCH_MANAGER_GATE__RETRY_INTERVAL=2m",
	}})
	for name, want := range map[string]fleet.Setting{
		"gate.retry_interval":   {Value: "2m", Default: "5m", Source: fleet.FromEnvironment},
		"agent.port":            {Value: "1234", Default: "12443", Source: fleet.FromFile},
		"worker.zones":          {Value: "a,b", Default: "default", Source: fleet.FromFile},
		"log.level":             {Value: "debug", Default: "info", Source: fleet.FromFlag},
		"windows.cutoff":        {Value: "15m", Default: "15m", Source: fleet.FromDefault},
		"database.url":          {Value: "postgres://app@db:5432/pm", Source: fleet.FromEnvironment},
		"database.migrate_url":  {Value: "postgres://app@db:5432/pm", Source: fleet.FromDefault},
		"oidc.client_secret":    {Value: "not set", Source: fleet.FromDefault},
		"api.trusted_proxies":   {Source: fleet.FromDefault},
		"health.max_concurrent": {Value: "128", Default: "128", Source: fleet.FromDefault},
	} {
		want.Key, want.Help = name, keys[slices.IndexFunc(keys, func(k key) bool { return k.name == name })].help
		require.Equal(t, want, by[name])
	}
}

// secretFields counts the fields of Settings that hold a secret.
func secretFields(of reflect.Type) int {
	n := 0
	for i := range of.NumField() {
		switch field := of.Field(i).Type; {
		case field == reflect.TypeFor[fleet.Secret]():
			n++
		case field.Kind() == reflect.Struct:
			n += secretFields(field)
		}
	}
	return n
}

func TestEverySettingThatHoldsASecretSaysItselfWhatIsShownOfIt(t *testing.T) {
	t.Parallel()
	showing := 0
	for _, k := range keys {
		if k.show != nil {
			showing++
		}
	}
	require.Equal(t, secretFields(reflect.TypeFor[Settings]()), showing)
}

func TestNothingOfASecretIsShown(t *testing.T) {
	t.Parallel()
	rest := []string{
		"PATCH_MANAGER_OIDC__ISSUER=https://id.example.org", "PATCH_MANAGER_OIDC__CLIENT_ID=pm",
		"PATCH_MANAGER_OIDC__ROLE_MAPPINGS=a=admin", "PATCH_MANAGER_OIDC__CLIENT_SECRET=hunter2",
	}
	for given, want := range map[string]string{
		"postgres://app:hunter2@db/pm":                                   "postgres://app@db:5432/pm",
		"postgres://app:hun%40ter2@db:6000/pm?sslmode=disable":           "postgres://app@db:6000/pm",
		"postgres://app@db/pm?password=hunter2&application_name=hunter2": "postgres://app@db:5432/pm",
		"postgres://app:hunter2@a,b:6000/pm":                             "postgres://app@a:5432,b:6000/pm",
		"host=db port=6000 user=app password=hunter2 dbname=pm":          "postgres://app@db:6000/pm",
		"host=/var/run/postgresql user=app password='hunter2' dbname=pm": "postgres://app@/pm?host=%2Fvar%2Frun%2Fpostgresql",
	} {
		by := shownOf(t, Source{Environ: append([]string{
			"PATCH_MANAGER_DATABASE__URL=" + given, "PATCH_MANAGER_DATABASE__MIGRATE_URL=" + given,
		}, rest...)})
		require.Equal(t, want, by["database.url"].Value, given)
		require.Equal(t, want, by["database.migrate_url"].Value, given)
		require.Equal(t, "set", by["oidc.client_secret"].Value)
		for _, secret := range []string{"hunter2", "hun@ter2", "hun%40ter2"} {
			require.NotContains(t, fmt.Sprint(by), secret, given)
		}
	}
}

func TestAURLIsShownWithoutAPassword(t *testing.T) {
	t.Parallel()
	require.Equal(t, "https://ada@pm.example.org/x", withoutPassword("https://ada:hunter2@pm.example.org/x"))
	for _, kept := range []string{"", "https://pm.example.org/x", "80,443,1024-65535", "127.0.0.1:8080", "cn=ops,dc=x=admin\nb=viewer:c"} {
		require.Equal(t, kept, withoutPassword(kept))
	}
}
