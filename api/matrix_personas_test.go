package api_test

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/stretchr/testify/require"
)

// What a persona is to the things that are called upon: the columns of outcomes.
const (
	stranger = iota
	outsider
	viewer
	operator
	admin
)

// persona is somebody who calls, with a token of that name.
type persona struct {
	name  string
	is    int
	token string
}

// The strangers come first, so that what they change would be found.
var personas = []persona{
	{"anonymous", stranger, ""},
	{"with an expired token of an administrator", stranger, "expired"},
	{"with a revoked token of an administrator", stranger, "revoked"},
	{"user in no group", outsider, "nowhere"},
	{"operator in another group", outsider, "elsewhere"},
	{"viewer in the group", viewer, "viewer"},
	{"operator in the group", operator, "operator"},
	{"administrator", admin, "admin"},
}

func TestEveryOperationHasItsRowInTheMatrixAndEveryRowItsOperation(t *testing.T) {
	t.Parallel()
	ops := operations(t)
	for id, op := range ops {
		require.Contains(t, matrix, id, "%s %s is new: add its row to the table in api/matrix_test.go, whose head says how", op.method, op.path)
		require.Contains(t, outcomes, matrix[id].who, id)
	}
	for id := range matrix {
		require.Contains(t, ops, id, "the document has no operation of this id any more: remove its row from api/matrix_test.go")
	}
}

// TestEveryRouteIsAnOperationOrAPage holds that nothing is served beside the document, and so beside the matrix.
func TestEveryRouteIsAnOperationOrAPage(t *testing.T) {
	t.Parallel()
	pages := []string{"GET /openapi.json", "GET /docs", "GET /docs/docs.js", "GET /docs/docs.css"}
	for _, op := range operations(t) {
		pages = append(pages, op.method+" "+op.path)
	}
	routes := []string{}
	require.NoError(t, chi.Walk(newSite(t).handler.(chi.Routes), func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		routes = append(routes, method+" "+route)
		return nil
	}))
	require.ElementsMatch(t, pages, routes, "a route that is no operation: make it one, or add it to the pages that anybody may read")
}

// TestEveryOperationAsEveryPersona calls them for real. Who may gets the success that the document names, and a change
// leaves its entry in the audit and tells other groups nothing; who may not gets the refusal of the class, and nothing has
// changed.
func TestEveryOperationAsEveryPersona(t *testing.T) {
	t.Parallel()
	ops := operations(t)
	for _, id := range slices.Sorted(maps.Keys(ops)) {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			requireMatrixRow(t, ops[id], matrix[id])
		})
	}
}

func requireMatrixRow(t *testing.T, op operation, r row) {
	t.Helper()
	var w *world
	for _, p := range personas {
		if w == nil {
			w = newWorld(t, r)
		}
		want := outcomes[r.who][p.is]
		before, entries, told := w.state(), w.entries(), w.toldOutside()
		a := w.send(w.tokens[p.token], op, w.inside, r)
		after := w.state()
		if want != succeeds {
			requireRefusal(t, op, p, want, a)
			require.Equal(t, before, after, "refused and yet changed, as %s", p.name)
			continue
		}
		require.Equal(t, op.success, a.status, "as %s: %s", p.name, a.body)
		if op.method == "GET" || r.unseen {
			after["workers"] = before["workers"]
			require.Equal(t, before, after, "reads and yet changes, as %s", p.name)
			continue
		}
		require.Equal(t, told, w.toldOutside(), "another group hears of it, as %s", p.name)
		require.NotEqual(t, before, after, "succeeds and changes nothing, as %s", p.name)
		require.Greater(t, w.entries(), entries, "changes without an entry in the audit, as %s", p.name)
		w = nil // the next one finds things as they were
	}
}

func requireRefusal(t *testing.T, op operation, p persona, want outcome, a answer) {
	t.Helper()
	require.Equal(t, want.status, a.status, "as %s: %s", p.name, a.body)
	require.Equal(t, want.code, a.json(t)["code"], "as %s: %s", p.name, a.body)
	require.Equal(t, "application/problem+json", a.header.Get("Content-Type"))
	require.Contains(t, op.statuses, want.status, "the document does not tell of it")
}

// entries is how many entries the audit has.
func (w *world) entries() int { return w.count(`select count(*) from audit_entries`) }

// toldOutside is how many events the group hears of that the personas are not in.
func (w *world) toldOutside() int {
	return w.count(`select count(*) from events where not site and group_ids && $1::uuid[]`, []string{w.outside["groups"], w.outside["groups/second"]})
}

// send calls an operation on some things, with what its row says it takes.
func (w *world) send(token string, op operation, of things, r row) answer {
	w.t.Helper()
	return w.sendTo(token, op, op.pathOf(of), of, r)
}

// sendTo is send to a path of one's own.
func (w *world) sendTo(token string, op operation, path string, of things, r row) answer {
	w.t.Helper()
	if r.asks != "" {
		path += "?" + of.fill(r.asks)
	}
	request := httptest.NewRequest(op.method, path, strings.NewReader(of.fill(r.sends)))
	if r.sends != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	ctx, cancel := context.WithTimeout(context.Background(), streamWithin)
	defer cancel()
	recorder := httptest.NewRecorder()
	w.handler.ServeHTTP(untilFlushed{recorder, cancel}, request.WithContext(ctx))
	return answer{status: recorder.Code, header: recorder.Header(), body: recorder.Body.Bytes()}
}

// untilFlushed ends a request when a part of its answer was sent, so that a stream answers like everything else.
type untilFlushed struct {
	*httptest.ResponseRecorder
	cancel context.CancelFunc
}

// Flush is called by answers that last.
func (u untilFlushed) Flush() {
	u.ResponseRecorder.Flush()
	u.cancel()
}
