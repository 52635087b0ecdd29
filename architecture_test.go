// Package patchmanager_test holds the rules of the whole module, so that they fail the tests of a machine without a
// linter too.
package patchmanager_test

import (
	"encoding/json"
	"errors"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/patch-manager/patch-manager"

// mayImport is the dependency direction: what the packages in a folder may import of ours, test files aside. A folder
// without an entry counts as the nearest one above that has one. `x` is that package and `x/...` also those below it.
var mayImport = map[string][]string{
	"fleet":             {},
	"migrations":        {},
	"packaging":         {},
	"web":               {},
	"devstack":          {"fleet", "agent", "agent/agenttest", "devstack/...", "packaging"},
	"settings":          {"fleet"},
	"health":            {"fleet"},
	"health/healthtest": {},
	"access":            {"fleet"},
	"keyfile":           {},
	"gather":            {},
	"secret":            {"fleet", "keyfile"},
	"pki":               {"fleet", "keyfile"},
	"metrics":           {"fleet"},
	"sso":               {"fleet"},
	"sso/ssotest":       {},
	"agent":             {"fleet"},
	"agent/agenttest":   {"fleet", "agent"},
	"agent/host":        {"fleet", "agent"},
	"store":             {"fleet", "gather", "migrations", "store/sqlgen"},
	"store/storetest":   {"fleet", "migrations", "store", "devstack"},
	"failpoint":         {},
	"activities":        {"failpoint", "fleet", "gather"},
	"workflows":         {"fleet", "activities"},
	"worker":            {"fleet", "activities", "workflows"},
	"worker/workertest": {"..."},
	"api":               {"fleet", "activities", "workflows", "web"},
	"cmd/patch-agent":   {"fleet", "agent", "agent/host"},
	"client":            {},
	"cli":               {"client", "fleet"},
	"cmd":               {"..."},
	"integration":       {"..."},
	"bench":             {"..."},
}

// importedOnlyBy lists the folders that few may import, test files aside.
var importedOnlyBy = map[string][]string{
	"devstack":          {"cmd/patch-manager/...", "store/storetest", "worker/workertest", "integration/...", "bench/...", "devstack/..."},
	"agent/agenttest":   {"cmd/patch-manager/...", "devstack/...", "worker/workertest", "integration/...", "bench/..."},
	"store/storetest":   {"integration/...", "bench/..."},
	"health/healthtest": {"bench/..."},
	"sso/ssotest":       {},
	"worker/workertest": {"integration/...", "bench/..."},
	"integration":       {"integration/..."},
	"bench":             {"bench/..."},
	"temporal-dev":      {},
}

// mayNotReach lists what the packages of a folder must not import directly of others, as prefixes of import paths.
var mayNotReach = map[string][]string{
	"activities": {"database/sql", "net/http", "github.com/jackc/"},
	"api":        {"database/sql", "github.com/jackc/"},
	"workflows": {
		"database/sql", "net", "os", "sync", "log", "math/rand", "crypto/rand", "github.com/jackc/", "github.com/google/uuid",
	},
}

type goPackage struct {
	ImportPath, Name string
	Imports          []string
}

func (p goPackage) folder() string {
	return strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
}

// list asks the Go command, with the tags of the slow tests, for what patterns match.
func list(t *testing.T, args ...string) []goPackage {
	t.Helper()
	noteSources(t)
	c := exec.CommandContext(t.Context(), "go", append([]string{"list", "-tags", "integration,bench", "-json=ImportPath,Name,Imports"}, args...)...)
	var complaint strings.Builder
	c.Stderr = &complaint
	out, err := c.Output()
	require.NoError(t, err, complaint.String())
	var packages []goPackage
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		}
		require.NoError(t, err)
		packages = append(packages, p)
	}
}

// noteSources looks into every folder of sources, because the Go command answers from its cache unless a file changed
// that the test itself has looked at.
func noteSources(t *testing.T) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && (name != "." && strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules" || name == "bin") {
			return fs.SkipDir
		}
		return err
	}))
}

// nearest finds the entry of a folder or of the nearest one above it.
func nearest(table map[string][]string, folder string) (entry []string, ok bool) {
	for ; folder != "."; folder = path.Dir(folder) {
		if entry, ok = table[folder]; ok {
			return entry, true
		}
	}
	return nil, false
}

func within(folder string, folders []string) bool {
	return slices.ContainsFunc(folders, func(f string) bool {
		above, below := strings.CutSuffix(f, "...")
		return folder == f || below && strings.HasPrefix(folder+"/", above)
	})
}

func TestDependenciesGoOneWay(t *testing.T) {
	t.Parallel()
	packages := list(t, "./...")
	require.Greater(t, len(packages), 5)
	for _, p := range packages {
		if p.folder() == "" {
			continue
		}
		allowed, ok := nearest(mayImport, p.folder())
		require.True(t, ok, "say in mayImport what %s may import", p.folder())
		for _, i := range p.Imports {
			ours, is := strings.CutPrefix(i, module+"/")
			if !is {
				continue
			}
			require.True(t, within(ours, allowed),
				"%s imports %s and may import only %v: declare an interface there, and let cmd hand it in", p.folder(), ours, allowed)
			if few, ok := nearest(importedOnlyBy, ours); ok {
				require.True(t, within(p.folder(), few), "%s imports %s, which is only for %v and tests", p.folder(), ours, few)
			}
		}
	}
}

func TestFleetImportsTheStandardLibraryOnly(t *testing.T) {
	t.Parallel()
	for _, p := range list(t, "./fleet/...") {
		for _, i := range p.Imports {
			first, _, _ := strings.Cut(i, "/")
			require.NotContains(t, first, ".", "%s imports %s: take what it gives as an argument", p.folder(), i)
		}
	}
}

func TestWorkflowsActivitiesAndAPIReachNothingThemselves(t *testing.T) {
	t.Parallel()
	for folder, refused := range mayNotReach {
		for _, p := range list(t, module+"/"+folder+"/...") {
			for _, i := range p.Imports {
				for _, r := range refused {
					require.False(t, i == r || strings.HasPrefix(i, strings.TrimSuffix(r, "/")+"/"),
						"%s imports %s: do it behind an interface or in an activity", p.folder(), i)
				}
			}
		}
	}
}

func TestAgentKnowsNeitherTemporalNorADatabase(t *testing.T) {
	t.Parallel()
	for _, p := range list(t, "-deps", module+"/agent/host/...", module+"/cmd/patch-agent/...") {
		for _, refused := range []string{"go.temporal.io/", "github.com/jackc/", "github.com/danielgtaylor/", module + "/store", module + "/api"} {
			require.False(t, strings.HasPrefix(p.ImportPath, refused), "the agent depends on %s", p.ImportPath)
		}
	}
}

func TestNoPackageIsNamedAfterNothing(t *testing.T) {
	t.Parallel()
	for _, p := range list(t, "./...") {
		for _, name := range []string{p.Name, path.Base(p.ImportPath)} {
			require.NotContains(t, []string{"util", "utils", "common", "models", "model", "types", "helpers", "helper", "misc", "shared"},
				name, "%s: name it after what it owns", p.ImportPath)
		}
	}
}

func TestEachPackageSaysWhatItOwnsInDocGo(t *testing.T) {
	t.Parallel()
	for _, p := range list(t, "./...") {
		if p.folder() == "" || p.Name == "main" || strings.HasSuffix(p.ImportPath, "/sqlgen") || p.folder() == "migrations" {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(filepath.FromSlash(p.folder()), "doc.go"), nil, parser.ParseComments)
		require.NoError(t, err)
		require.NotNil(t, f.Doc, p.folder())
	}
}
