// Package patchmanager_test holds the rules of the whole module, so that they fail the tests of a machine without a
// linter too.
package patchmanager_test

import (
	"encoding/json"
	"errors"
	"go/ast"
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
	"fleet":           {},
	"migrations":      {},
	"web":             {},
	"devstack":        {"devstack/..."},
	"settings":        {"fleet"},
	"health":          {"fleet"},
	"secret":          {"fleet"},
	"agent":           {"fleet"},
	"agent/agenttest": {"fleet", "agent"},
	"agent/host":      {"fleet", "agent"},
	"store":           {"fleet", "migrations", "store/sqlgen"},
	"store/storetest": {"fleet", "migrations", "store", "devstack"},
	"activities":      {"fleet"},
	"workflows":       {"fleet", "activities"},
	"worker":          {"fleet", "activities", "workflows"},
	"api":             {"fleet", "activities", "workflows", "web"},
	"cmd/patch-agent": {"fleet", "agent", "agent/host"},
	"cmd":             {"..."},
	"integration":     {"..."},
	"bench":           {"..."},
}

// importedOnlyBy lists the folders that few may import, test files aside.
var importedOnlyBy = map[string][]string{
	"devstack":        {"cmd/patch-manager/...", "store/storetest", "integration/...", "bench/...", "devstack/..."},
	"agent/agenttest": {"cmd/patch-manager/...", "integration/...", "bench/..."},
	"store/storetest": {"integration/...", "bench/..."},
	"integration":     {"integration/..."},
	"bench":           {"bench/..."},
	"temporal-dev":    {},
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

func TestWorkflowCodeHasNoGoroutinesChannelsOrVariablesOfItsOwn(t *testing.T) {
	t.Parallel()
	fset := token.NewFileSet()
	require.NoError(t, filepath.WalkDir("workflows", func(name string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return err
		}
		f, err := parser.ParseFile(fset, name, nil, 0)
		require.NoError(t, err)
		for _, fault := range replayFaults(f) {
			require.Failf(t, fault.says, "at %v", fset.Position(fault.at))
		}
		return nil
	}))
}

type fault struct {
	at   token.Pos
	says string
}

// replayFaults finds what one worker's memory or scheduler would decide, and another's would decide otherwise.
func replayFaults(f *ast.File) []fault {
	var faults []fault
	for _, d := range f.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.VAR && slices.ContainsFunc(g.Specs, changeable) {
			faults = append(faults, fault{g.Pos(), "a package-level variable differs from worker to worker: use a constant, a function or the state of the run"})
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			faults = append(faults, fault{n.Pos(), "a goroutine is not replayed: use workflow.Go"})
		case *ast.SelectStmt:
			faults = append(faults, fault{n.Pos(), "select picks at random: use workflow.NewSelector"})
		case *ast.ChanType:
			faults = append(faults, fault{n.Pos(), "a channel is not replayed: use workflow.NewChannel"})
		}
		return true
	})
	return faults
}

// changeable tells the variables that a worker could keep something in. Those that are only names are not: `var _ I = T{}`,
// keys of search attributes, and pointers to activities that are never set and name methods.
func changeable(s ast.Spec) bool {
	v := s.(*ast.ValueSpec)
	if len(v.Values) == 0 {
		handle, ok := v.Type.(*ast.StarExpr)
		return !ok || !strings.HasPrefix(written(handle.X), "activities.")
	}
	for i, name := range v.Names {
		call, ok := v.Values[min(i, len(v.Values)-1)].(*ast.CallExpr)
		if name.Name != "_" && !(ok && strings.HasPrefix(written(call.Fun), "temporal.NewSearchAttributeKey")) {
			return true
		}
	}
	return false
}

// written is a qualified name as it stands in the source.
func written(e ast.Expr) string {
	if s, ok := e.(*ast.SelectorExpr); ok {
		return written(s.X) + "." + s.Sel.Name
	}
	if i, ok := e.(*ast.Ident); ok {
		return i.Name
	}
	return ""
}

func TestReplayFaultsAreFound(t *testing.T) {
	t.Parallel()
	const source = `package p
var a = map[string]int{}
var b, c int
var d *int
var _ = a
var e *activities.Gate
var (
	g = temporal.NewSearchAttributeKeyTime("WindowEnd")
	h = temporal.NewSearchAttributeKeyKeyword("PatchJob")
)
func f(c chan int) { go f(c); select {} }`
	f, err := parser.ParseFile(token.NewFileSet(), "p.go", source, 0)
	require.NoError(t, err)
	require.Len(t, replayFaults(f), 6)
}
