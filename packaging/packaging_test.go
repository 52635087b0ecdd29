package packaging_test

import (
	"bufio"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var packaged = regexp.MustCompile(`src: "?(packaging/[^",}]+)"?, dst: ([^,}]+)`)

// TestPackagesHaveTheFilesThatAreThere holds that a package misses none of its folder, and names none that is not there.
func TestPackagesHaveTheFilesThatAreThere(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	configs, err := filepath.Glob("*/nfpm.yaml")
	require.NoError(t, err)
	require.Len(t, configs, 3)
	for _, config := range configs {
		text, err := os.ReadFile(config)
		require.NoError(t, err)
		used[config] = true
		for _, file := range packaged.FindAllStringSubmatch(string(text), -1) {
			used[strings.TrimPrefix(file[1], "packaging/")] = true
		}
		for _, script := range []string{"postinst", "prerm", "postrm"} {
			name := filepath.Join(filepath.Dir(config), script)
			require.Contains(t, string(text), ": packaging/"+name)
			used[name] = true
		}
	}
	there := 0
	for _, config := range configs {
		files, err := filepath.Glob(filepath.Dir(config) + "/*")
		require.NoError(t, err)
		there += len(files)
		for _, file := range files {
			require.True(t, used[file], "%s is in no package", file)
		}
	}
	require.Len(t, used, there, "%v", used)
}

// TestUnitsOfTheServerMayDoWhatTheyNeedAndNoMore holds what their score with systemd does not tell: what each can write, and that it
// is supervised.
func TestUnitsOfTheServerMayDoWhatTheyNeedAndNoMore(t *testing.T) {
	t.Parallel()
	for unit, want := range map[string]map[string]string{
		"api":     {"User": "patch-manager", "ReadWritePaths": "/etc/patch-manager/keys /etc/patch-manager/pki", "Type": "notify", "WatchdogSec": "60s"},
		"worker":  {"User": "patch-manager", "ReadWritePaths": "/etc/patch-manager/keys", "Type": "notify", "WatchdogSec": "90s"},
		"migrate": {"User": "patch-manager-owner", "ReadWritePaths": "", "Type": "oneshot"},
	} {
		got := settings(t, "patch-manager/patch-manager-"+unit+".service")
		for key, value := range want {
			require.Equal(t, value, got[key], "%s: %s", unit, key)
		}
		require.Equal(t, "strict", got["ProtectSystem"])
		require.Equal(t, "yes", got["NoNewPrivileges"])
		require.Empty(t, got["CapabilityBoundingSet"])
		require.True(t, strings.HasPrefix(got["ExecStart"], "/usr/bin/patch-manager "+unit), got["ExecStart"])
	}
}

// settings returns what a unit says, the last word of each key.
func settings(t *testing.T, unit string) map[string]string {
	t.Helper()
	file, err := os.Open(unit)
	require.NoError(t, err)
	defer file.Close()
	found := map[string]string{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if key, value, ok := strings.Cut(lines.Text(), "="); ok && !strings.HasPrefix(key, "#") {
			found[key] = value
		}
	}
	return found
}
