package api_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/api"
)

// The committed document is written again with: go test ./api -run Document -update
func TestCommittedDocumentIsTheOneServed(t *testing.T) {
	t.Parallel()
	got := api.Document(api.DocumentVersion)
	if *update {
		require.NoError(t, os.WriteFile("openapi.json", got, 0o644))
	}
	want, err := os.ReadFile("openapi.json")
	require.NoError(t, err)
	require.Equal(t, string(want), string(got), "run: go test ./api -run Document -update")
}

func TestDocumentIsTheSameEveryTime(t *testing.T) {
	t.Parallel()
	first := api.Document("1")
	require.Equal(t, first, api.Document("1"))
}

func TestEveryOperationHasAnIDASummaryATagAndTakesAToken(t *testing.T) {
	t.Parallel()
	for id, op := range operations(t) {
		require.NotEmpty(t, id, "%s %s", op.method, op.path)
		require.NotEmpty(t, op.Summary, id)
		require.Len(t, op.Tags, 1, id)
		open := slices.Contains([]access{public, fromProvider, beforeAdmins}, matrix[id].who)
		require.Equal(t, open, len(op.Security) == 0, op.path)
	}
}

func TestNoAnswerHasASchemaLinkAndNoArrayIsNullButThePackagesThatMeanAll(t *testing.T) {
	t.Parallel()
	doc := string(api.Document("1"))
	require.Zero(t, strings.Count(doc, `"$schema"`))
	require.Equal(t, 1, strings.Count(strings.Join(strings.Fields(doc), ""), `["array","null"]`))
}

func TestDocsPageComesFromTheProcessAlone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for path, contentType := range map[string]string{
		"/docs": "text/html", "/docs/docs.js": "text/javascript", "/docs/docs.css": "text/css", "/openapi.json": "application/json",
	} {
		a := s.call("", "GET", path, nil)
		require.Equal(t, 200, a.status, path)
		require.True(t, strings.HasPrefix(a.header.Get("Content-Type"), contentType), path)
		if path != "/openapi.json" {
			require.NotRegexp(t, `https?://|src="//`, string(a.body), path)
			require.Contains(t, a.header.Get("Content-Security-Policy"), "default-src 'none'")
		}
	}
	page := string(s.call("", "GET", "/docs", nil).body)
	require.NotRegexp(t, `<script>|<style|style="|onclick`, page, "nothing runs that stands in the page")
}
