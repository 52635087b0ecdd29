package api_test

import (
	"encoding/json"
	"os"
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

// document is what the tests read of the OpenAPI document.
type document struct {
	OpenAPI    string                                `json:"openapi"`
	Paths      map[string]map[string]json.RawMessage `json:"paths"`
	Components struct {
		Schemas map[string]json.RawMessage `json:"schemas"`
	} `json:"components"`
}

func TestEveryOperationHasAnIDASummaryATagAndTakesAToken(t *testing.T) {
	t.Parallel()
	var doc document
	require.NoError(t, json.Unmarshal(api.Document("1"), &doc))
	require.Equal(t, "3.1.0", doc.OpenAPI)
	seen := map[string]bool{}
	for path, methods := range doc.Paths {
		for method, raw := range methods {
			var op struct {
				OperationID string           `json:"operationId"`
				Summary     string           `json:"summary"`
				Tags        []string         `json:"tags"`
				Security    []map[string]any `json:"security"`
			}
			require.NoError(t, json.Unmarshal(raw, &op))
			require.NotEmpty(t, op.OperationID, "%s %s", method, path)
			require.False(t, seen[op.OperationID], op.OperationID)
			seen[op.OperationID] = true
			require.NotEmpty(t, op.Summary, op.OperationID)
			require.Len(t, op.Tags, 1, op.OperationID)
			require.Equal(t, strings.HasPrefix(path, "/api/v1/"), len(op.Security) == 1, path)
		}
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
