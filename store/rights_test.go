package store_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// noRights are the methods of the store that a caller reaches without rights that could be taken away.
var noRights = map[string]string{
	"SignIn":        "the caller gets what it is known by",
	"SignOn":        "the caller gets what it is known by, and the roles that the provider says",
	"RecordFailure": "nobody was let in",
	"TakeTry":       "nobody is let in by it",
	"JobCandidates": "it changes nothing",
	"SetUp":         "nobody is known yet",
}

// Whatever a caller changes is changed in a transaction that reads the caller's rights itself.
func TestEveryChangeByACallerReadsTheRightsInItsOwnTransaction(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	changes := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		for _, declared := range file.Decls {
			f, ok := declared.(*ast.FuncDecl)
			if !ok || f.Recv == nil || !takesCaller(f) || !calls(f, "tx") {
				continue
			}
			require.Contains(t, noRights, f.Name.Name, "%s in %s takes a caller: use change in the place of tx", f.Name.Name, name)
			changes++
		}
	}
	require.Len(t, noRights, changes, "one of noRights is gone")
}

func takesCaller(f *ast.FuncDecl) bool {
	for _, p := range f.Type.Params.List {
		if selector, ok := p.Type.(*ast.SelectorExpr); ok && selector.Sel.Name == "Caller" {
			return f.Name.Name != "change"
		}
	}
	return false
}

// calls reports whether a method calls another one of its receiver.
func calls(f *ast.FuncDecl, method string) bool {
	found := false
	ast.Inspect(f, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			if selector, ok := call.Fun.(*ast.SelectorExpr); ok && selector.Sel.Name == method {
				found = true
			}
		}
		return !found
	})
	return found
}
