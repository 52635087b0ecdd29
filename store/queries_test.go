package store_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// sqlc knows less of types than Postgres does: what it generates may still be refused at run time.
func TestPostgresTakesEveryGeneratedQuery(t *testing.T) {
	t.Parallel()
	db := newSweepDB(t)
	conn, err := db.pool.Acquire(t.Context())
	require.NoError(t, err)
	defer conn.Release()
	queries := generatedQueries(t)
	require.Greater(t, len(queries), 50)
	for name, sql := range queries {
		_, err := conn.Conn().Prepare(t.Context(), name, sql)
		require.NoError(t, err, name)
	}
}

// generatedQueries reads the text of every query out of the generated code.
func generatedQueries(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("sqlgen/*.sql.go")
	require.NoError(t, err)
	queries := map[string]string{}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 {
				return true
			}
			literal, ok := spec.Values[0].(*ast.BasicLit)
			if !ok {
				return true
			}
			text, err := strconv.Unquote(literal.Value)
			require.NoError(t, err)
			if strings.HasPrefix(text, "-- name: ") {
				queries[spec.Names[0].Name] = text
			}
			return true
		})
	}
	return queries
}
