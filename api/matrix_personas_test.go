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

// What a persona is known by.
const (
	aToken = iota
	aSession
)

// persona is somebody who calls.
type persona struct {
	name string
	is   int
	user string // empty: nobody
	with int
	but  string // what is the matter with the credential, as SQL
}

const (
	elsewhere     = "operator in another group"
	administrator = "administrator"

	hasExpired = `expires_at = now() - interval '1 ms'`
	wasRevoked = `revoked_at = now()`
	readsOnly  = `scopes = '{read}'`
)

// Who succeeds comes last, so that the world is made anew seldom.
var personas = []persona{
	{"anonymous", stranger, "", aToken, ""},
	{"with an expired token", stranger, "admin", aToken, hasExpired},
	{"with a revoked token", stranger, "admin", aToken, wasRevoked},
	{"with an expired session", stranger, "admin", aSession, hasExpired},
	{"disabled administrator", stranger, "disabled", aToken, ""},
	{"user in no group", outsider, "nowhere", aToken, ""},
	{elsewhere, outsider, "elsewhere", aToken, ""},
	{"operator in another group with a session", outsider, "elsewhere", aSession, ""},
	{"viewer in the group", viewer, "viewer", aToken, ""},
	{"viewer in the group with a session", viewer, "viewer", aSession, ""},
	{"operator in the group with a read-only token", operator, "operator", aToken, readsOnly},
	{"administrator with a read-only token", admin, "admin", aToken, readsOnly},
	{"operator in the group", operator, "operator", aToken, ""},
	{"operator in the group with a session", operator, "operator", aSession, ""},
	{"administrator with a session", admin, "admin", aSession, ""},
	{administrator, admin, "admin", aToken, ""},
}

// outcomeFor is how a call of the persona ends.
func outcomeFor(p persona, op operation, r row) outcome {
	if p.but == readsOnly && op.method != http.MethodGet && !r.reads && r.who != public && r.who != beforeAdmins {
		return readOnlyToken
	}
	if p.with == aSession && r.who == signedIn && p.is != stranger {
		return succeeds
	}
	if p.with == aSession && r.who == adminSignedIn {
		return outcomes[adminOnly][p.is]
	}
	return outcomes[r.who][p.is]
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
	var before map[string]string
	for _, p := range personas {
		if w == nil {
			w = newWorld(t, r)
			before = w.state()
		}
		want, a := outcomeFor(p, op, r), w.send(p.name, op, w.inside, r)
		after := w.state()
		if want != succeeds {
			requireRefusal(t, op, p, want, a)
			require.Equal(t, before, after, "refused and yet changed, as %s", p.name)
			continue
		}
		require.Contains(t, op.successes, a.status, "as %s: %s", p.name, a.body)
		require.Equal(t, before["told outside"], after["told outside"], "another group hears of it, as %s", p.name)
		if op.method == http.MethodGet || r.reads || r.unseen {
			before["workers"] = after["workers"]
			if r.recorded {
				require.NotEqual(t, before["audit_entries"], after["audit_entries"], "reads without an entry in the audit, as %s", p.name)
				before["audit_entries"] = after["audit_entries"]
			}
			require.Equal(t, before, after, "reads and yet changes, as %s", p.name)
			continue
		}
		require.NotEqual(t, before["audit_entries"], after["audit_entries"], "changes without an entry in the audit, as %s", p.name)
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

// send calls an operation on some things, with what its row says it takes.
func (w *world) send(as string, op operation, of things, r row) answer {
	w.t.Helper()
	return w.sendTo(as, op, op.pathOf(of), of, r)
}

// sendTo is send to a path of one's own.
func (w *world) sendTo(as string, op operation, path string, of things, r row) answer {
	w.t.Helper()
	if r.asks != "" {
		path += "?" + of.fill(r.asks)
	}
	request := httptest.NewRequest(op.method, path, strings.NewReader(of.fill(r.sends)))
	if r.sends != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	w.sign[as](request)
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
