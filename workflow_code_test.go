package patchmanager_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

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
// keys of search attributes, presets of options, and pointers to activities that are never set and name methods.
func changeable(s ast.Spec) bool {
	v := s.(*ast.ValueSpec)
	if len(v.Values) == 0 {
		handle, ok := v.Type.(*ast.StarExpr)
		return !ok || !strings.HasPrefix(written(handle.X), "activities.")
	}
	for i, name := range v.Names {
		if name.Name != "_" && !preset(v.Values[min(i, len(v.Values)-1)]) {
			return true
		}
	}
	return false
}

func preset(value ast.Expr) bool {
	if address, ok := value.(*ast.UnaryExpr); ok {
		value = address.X
	}
	switch v := value.(type) {
	case *ast.CallExpr:
		return strings.HasPrefix(written(v.Fun), "temporal.NewSearchAttributeKey")
	case *ast.CompositeLit:
		return slices.Contains([]string{"temporal.RetryPolicy", "workflow.ActivityOptions", "workflow.ChildWorkflowOptions"}, written(v.Type))
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
	i = &temporal.RetryPolicy{MaximumAttempts: 1}
	j = &sync.Mutex{}
)
func f(c chan int) { go f(c); select {} }`
	f, err := parser.ParseFile(token.NewFileSet(), "p.go", source, 0)
	require.NoError(t, err)
	require.Len(t, replayFaults(f), 7)
}
