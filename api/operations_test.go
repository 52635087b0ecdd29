package api_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/api"
)

// operation is what the tests read of one operation of the OpenAPI document.
type operation struct {
	OperationID string                     `json:"operationId"`
	Summary     string                     `json:"summary"`
	Description string                     `json:"description"`
	Tags        []string                   `json:"tags"`
	Security    []map[string]any           `json:"security"`
	Responses   map[string]json.RawMessage `json:"responses"`
	Parameters  []parameter                `json:"parameters"`
	RequestBody struct {
		Content map[string]struct {
			Schema struct {
				Ref string `json:"$ref"`
			} `json:"schema"`
		} `json:"content"`
	} `json:"requestBody"`

	method, path string
	statuses     []int    // that it documents
	successes    []int    // those below 300
	fields       []string // of the body
}

// parameter is one of a path, a query or a header.
type parameter struct {
	Name string `json:"name"`
	In   string `json:"in"`
}

// operations reads the document by the ids of its operations.
func operations(t testing.TB) map[string]operation {
	t.Helper()
	var doc struct {
		OpenAPI    string                          `json:"openapi"`
		Paths      map[string]map[string]operation `json:"paths"`
		Components struct {
			Schemas map[string]struct {
				Properties map[string]json.RawMessage `json:"properties"`
			} `json:"schemas"`
		} `json:"components"`
	}
	require.NoError(t, json.Unmarshal(api.Document("1"), &doc))
	require.Equal(t, "3.1.0", doc.OpenAPI)
	ops := map[string]operation{}
	for path, methods := range doc.Paths {
		for method, op := range methods {
			op.method, op.path = strings.ToUpper(method), path
			op.readStatuses(t)
			for _, content := range op.RequestBody.Content {
				schema := strings.TrimPrefix(content.Schema.Ref, "#/components/schemas/")
				op.fields = slices.AppendSeq(op.fields, maps.Keys(doc.Components.Schemas[schema].Properties))
			}
			require.NotContains(t, ops, op.OperationID, "%s %s", op.method, path)
			ops[op.OperationID] = op
		}
	}
	return ops
}

func (op *operation) readStatuses(t testing.TB) {
	t.Helper()
	for text := range op.Responses {
		status, err := strconv.Atoi(text)
		if err != nil {
			require.Equal(t, "default", text, op.OperationID)
			continue
		}
		op.statuses = append(op.statuses, status)
		if status < 400 {
			op.successes = append(op.successes, status)
		}
	}
	require.NotEmpty(t, op.successes, "%s documents no success", op.OperationID)
}

// collections are the paths, without ids, of the things that the ids of the path name, the outer ones first.
func (op operation) collections() []string {
	var names, segments []string
	for segment := range strings.SplitSeq(strings.TrimPrefix(op.path, api.Base+"/"), "/") {
		if strings.HasPrefix(segment, "{") {
			names = append(names, strings.Join(segments, "/"))
			continue
		}
		segments = append(segments, segment)
	}
	return names
}

// idsOf are the ids of the path for some things, the outer ones first.
func (op operation) idsOf(of things) []string {
	var ids []string
	for _, name := range op.collections() {
		ids = append(ids, of.id(name))
	}
	return ids
}

// pathOf is the path for some things.
func (op operation) pathOf(of things) string {
	return op.pathWith(op.idsOf(of))
}

// pathWith is the path with these ids.
func (op operation) pathWith(ids []string) string {
	segments := strings.Split(op.path, "/")
	for i, segment := range segments {
		if strings.HasPrefix(segment, "{") {
			segments[i], ids = ids[0], slices.Clone(ids[1:])
		}
	}
	return strings.Join(segments, "/")
}

// idsSent are the fields of the body that hold ids, each with the collection of what they name.
func (op operation) idsSent() map[string]string { return collectionsOf(op.fields) }

// idsAsked are the parameters of the query that hold an id.
func (op operation) idsAsked() map[string]string {
	var names []string
	for _, p := range op.Parameters {
		if p.In == "query" && op.OperationID != "listAudit" { // its ids are texts, also of what is gone
			names = append(names, p.Name)
		}
	}
	return collectionsOf(names)
}

// collectionsOf finds the names of ids, such as group_ids and host_id.
func collectionsOf(names []string) map[string]string {
	found := map[string]string{}
	for _, name := range names {
		if noun, ok := strings.CutSuffix(strings.TrimSuffix(name, "s"), "_id"); ok {
			found[name] = noun + "s"
		}
	}
	return found
}
