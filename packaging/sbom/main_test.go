package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/CycloneDX/cyclonedx-go"
	"github.com/stretchr/testify/require"
)

const lock = "../../web/package-lock.json"

func listed(t *testing.T, o options) map[string]cyclonedx.Component {
	t.Helper()
	var first, again bytes.Buffer
	require.NoError(t, write(&first, o))
	require.NoError(t, write(&again, o))
	require.Equal(t, first.String(), again.String())
	var bom cyclonedx.BOM
	require.NoError(t, cyclonedx.NewBOMDecoder(&first, cyclonedx.BOMFileFormatJSON).Decode(&bom))
	require.Equal(t, "2023-11-14T22:13:20Z", bom.Metadata.Timestamp)
	require.Equal(t, o.version, bom.Metadata.Component.Version)
	found := map[string]cyclonedx.Component{}
	for _, c := range *bom.Components {
		require.NotContains(t, found, c.PackageURL, "listed twice")
		found[c.PackageURL] = c
	}
	return found
}

func TestABillListsTheModulesThatAProgramIsLinkedOf(t *testing.T) {
	t.Parallel()
	program, err := os.Executable()
	require.NoError(t, err)
	found := listed(t, options{name: "sbom", version: "1.2.3", at: 1700000000, program: program})
	for name, has := range map[string]bool{
		"github.com/CycloneDX/cyclonedx-go": true, "std": true, "github.com/jackc/pgx/v5": false,
	} {
		matches := 0
		for url := range found {
			if strings.HasPrefix(url, "pkg:golang/"+name+"@") {
				matches++
			}
		}
		require.Equal(t, has, matches == 1, "%s: %d", name, matches)
	}
}

func TestABillListsEveryPackageOfTheLockFile(t *testing.T) {
	t.Parallel()
	program, err := os.Executable()
	require.NoError(t, err)
	found := listed(t, options{name: "sbom", version: "1.2.3", at: 1700000000, program: program, lock: lock})
	text, err := os.ReadFile(lock)
	require.NoError(t, err)
	var file struct {
		Packages map[string]struct {
			Version string
			Dev     bool
		}
	}
	require.NoError(t, json.Unmarshal(text, &file))
	require.Greater(t, len(file.Packages), 100)
	for folder, p := range file.Packages {
		if folder == "" {
			continue
		}
		parts := strings.Split(folder, "node_modules/")
		c, ok := found["pkg:npm/"+strings.ReplaceAll(parts[len(parts)-1], "@", "%40")+"@"+p.Version]
		require.True(t, ok, folder)
		if !p.Dev {
			require.Equal(t, cyclonedx.ScopeRequired, c.Scope, folder)
		}
	}
	for url, c := range found {
		if strings.HasPrefix(url, "pkg:npm/vite@") {
			require.Equal(t, cyclonedx.ScopeOptional, c.Scope)
		}
	}
}

func TestALockFileThatIsNotUnderstoodIsRefused(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		`{"lockfileVersion": 1}`: "lockfileVersion must be 3 and is 1",
		`{"lockfileVersion": 3, "packages": {"node_modules/a": {"version": "1.0.0"}}}`: "node_modules/a: integrity must be a sha512",
	} {
		file := filepath.Join(t.TempDir(), "package-lock.json")
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		_, err := npmPackages(file)
		require.ErrorContains(t, err, says)
	}
}
