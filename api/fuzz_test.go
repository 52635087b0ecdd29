package api_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/api"
	"github.com/patch-manager/patch-manager/fleet"
)

// The most that an answer to any request may take: a page of 200 items is far below both.
const (
	answerTime  = 10 * time.Second // on a machine that has much else to do
	answerBytes = 4 << 20
)

// target is the API on a world of its own, whose operations are called with whatever fuzzing comes up with.
type target struct {
	*world
	ops  []operation
	fill *strings.Replacer // puts the ids of the world for names such as {hosts}
}

func newTarget(f *testing.F, wanted func(operation) bool) *target {
	f.Helper()
	w := newWorld(f, row{})
	cfg := w.config()
	stopped := make(chan struct{})
	close(stopped)
	cfg.Stopping = stopped // an event stream ends once it has begun
	cfg.SignOn = refusingSignOn{}
	cfg.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	w.handler = api.New(cfg)
	t := &target{world: w}
	ops := operations(f)
	for _, id := range slices.Sorted(maps.Keys(ops)) {
		if wanted(ops[id]) {
			t.ops = append(t.ops, ops[id])
		}
	}
	var names []string
	for name, id := range w.inside {
		names = append(names, "{"+name+"}", id)
	}
	t.fill = strings.NewReplacer(names...)
	return t
}

// refusingSignOn is an identity provider that proves nobody.
type refusingSignOn struct{}

func (refusingSignOn) Begin(context.Context) (string, fleet.SignOn, error) {
	return "https://idp.example.com/", fleet.SignOn{State: uuid.NewString(), Browser: "browser", Nonce: "nonce", Verifier: "verifier"}, nil
}

func (refusingSignOn) Finish(context.Context, fleet.SignOn, fleet.SignOnAnswer) (fleet.Identity, error) {
	return fleet.Identity{}, fleet.Forbidden("sign_on_refused", "nobody is proved")
}

// pathOf is the path of an operation on the things of the world, or with strange in the place of the innermost id. A
// deletion never names what exists: the things are needed again.
func (t *target) pathOf(op operation, strange string) string {
	ids := op.idsOf(t.inside)
	if n := len(ids); n > 0 && (strange != "" || op.method == http.MethodDelete) {
		ids[n-1] = url.PathEscape("x" + strange)
	}
	return op.pathWith(ids)
}

// ask sends a request as the administrator and holds its answer to what is true of every answer.
func (t *target) ask(tt *testing.T, op operation, path, query, body string, headers http.Header) answer {
	tt.Helper()
	ctx, cancel := context.WithTimeout(tt.Context(), answerTime)
	defer cancel()
	u, err := url.Parse(path)
	require.NoError(tt, err)
	u.RawQuery = query
	r := (&http.Request{
		Method: op.method, URL: u, Host: "manager", RemoteAddr: "192.0.2.1:4711", Header: headers, RequestURI: u.RequestURI(),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}).WithContext(ctx)
	w := httptest.NewRecorder()
	started := time.Now()
	t.handler.ServeHTTP(w, r)
	require.Less(tt, time.Since(started), answerTime)
	got := answer{status: w.Code, header: w.Header(), body: w.Body.Bytes()}
	t.requireAnswered(tt, op, got)
	return got
}

func (t *target) requireAnswered(tt *testing.T, op operation, a answer) {
	tt.Helper()
	said := t.log.String()
	t.log.reset()
	require.NotContains(tt, said, "level=ERROR")
	require.True(tt, a.status >= 200 && a.status < 500, "%s: %d %s", op.OperationID, a.status, a.body)
	require.Less(tt, len(a.body), answerBytes)
	switch {
	case a.status == http.StatusNoContent:
		require.Empty(tt, a.body)
	case op.OperationID == "pollEnrolment" && (a.status == 403 || a.status == 404): // in the form that agents know
		require.Contains(tt, []any{"denied", "not_found"}, a.json(tt)["status"])
	case a.status >= 400:
		require.Equal(tt, "application/problem+json", a.header.Get("Content-Type"))
		require.NotEmpty(tt, a.json(tt)["code"])
	case strings.HasPrefix(a.header.Get("Content-Type"), "application/json"):
		require.True(tt, json.Valid(a.body), "%s", a.body)
	}
}

func (b *lockedBuffer) reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.buf.Reset()
}

// fuzzedHeaders are those that somebody reads.
var fuzzedHeaders = []string{
	"", "Authorization", "Idempotency-Key", "Last-Event-Id", "X-Request-Id", "Content-Type", "Accept", "X-Forwarded-For",
	"Forwarded", "Cookie", "Origin", "Sec-Fetch-Site", "If-None-Match", "Host",
}

// headersWith are those of a request of the administrator with a value for one, which a server only lets through without
// control characters.
func (t *target) headersWith(which uint8, value string) http.Header {
	headers := http.Header{"Authorization": {"Bearer " + t.admin}, "Content-Type": {"application/json"}}
	if name := fuzzedHeaders[int(which)%len(fuzzedHeaders)]; name != "" {
		if name == "Cookie" {
			headers.Del("Authorization") // beside which no cookie is looked at
		}
		headers.Set(name, strings.Map(func(r rune) rune {
			if r < ' ' && r != '\t' || r == 0x7f {
				return -1
			}
			return r
		}, value))
	}
	return headers
}

// FuzzRequest holds that no request to any operation of the document makes it fail on our side, take long, or answer in
// another form than the document's.
func FuzzRequest(f *testing.F) {
	t := newTarget(f, func(operation) bool { return true })
	for i, op := range t.ops {
		r := matrix[op.OperationID]
		f.Add(uint16(i), "", r.asks, uint8(0), "", r.sends)
		f.Add(uint16(i), "", r.asks, uint8(7+2*(i%2)), []string{"198.51.100.7, ::ffff:192.0.2.9%x, 192.0.2.1", "patch_manager_session=x; =; a"}[i%2], r.sends)
		f.Add(uint16(i), "\x00/..", "limit=1&q=%00&from=9999-12-31T23:59:59-10:00", uint8(i), "1207:34", `{"a":`+r.sends+`}`)
	}
	for i, body := range []string{
		`{"host_ids":["{hosts}"],"gate_timeout":"2562047h47m16.854775807s","max_wait":"-1ns","not_before":"0000-01-01T00:00:00+23:59"}`,
		`{"kind":"blackout","time_zone":"right/UTC","starts_on":"2200-12-31","start_time":"23:59","duration_minutes":10080,"recurrence":"monthly","nth_weekday":{"nth":"last","weekday":"sun"}}`,
		`{"fqdn":"a.example.com","labels":{"a/b":"\u0000"},"agent_port":65536,"group_ids":["{groups}","{groups}"]}`,
		`{"name":"\ud800","check_type":"http","url":"http://[::ffff:a9fe:a9fe%25x]:80/","expected_body":"x","basic_auth_pass":"\u0000"}`,
	} {
		for j := range t.ops {
			if len(t.ops[j].fields) > 0 {
				f.Add(uint16(j), "", "", uint8(i), "Bearer pm_x", body)
			}
		}
	}
	f.Fuzz(func(tt *testing.T, which uint16, strange, query string, header uint8, value, body string) {
		op := t.ops[int(which)%len(t.ops)]
		a := t.ask(tt, op, t.pathOf(op, strange), query, t.fill.Replace(body), t.headersWith(header, value))
		if name := fuzzedHeaders[int(header)%len(fuzzedHeaders)]; name != "Authorization" && name != "Cookie" && len(op.Security) > 0 {
			require.NotEqual(tt, http.StatusUnauthorized, a.status, "what the administrator does must not end their access, or nothing is tried any more")
		}
	})
}

// FuzzCursor holds that a cursor that we did not make is refused or read as a place in its list.
func FuzzCursor(f *testing.F) {
	t := newTarget(f, func(op operation) bool {
		return op.method == http.MethodGet && slices.ContainsFunc(op.Parameters, func(p parameter) bool { return p.Name == "cursor" })
	})
	for i := range t.ops {
		for _, key := range []string{
			`""`, `"x"`, `"\u0000"`, `null`, `7`, `[]`, `{"Name":"\u0000","ID":"{groups}"}`, `{"f":"a\u0000","h":"{hosts}","i":"{hosts}"}`, `{"f":"a","h":"{hosts}","i":"{hosts}"}`, `{"f":true,"c":"9999-12-31T23:59:59-10:00","u":"0000-01-01T00:00:00+10:00","j":"{jobs}","h":"{hosts}"}`, `{"n":-1,"t":"0000-01-01T00:00:00+10:00","i":"{hosts}"}`,
			`{"t":"9999-12-31T23:59:59-10:00","i":"{jobs}"}`, `"0000-01-01T00:00:00+10:00"`, `"{hosts/maintenance-windows}"`,
		} {
			f.Add(uint8(i), key)
		}
	}
	lists := []string{"groups", "hosts:fqdn", "jobs", "job-hosts", "fleet-job-hosts", "windows", "health-check-results"}
	f.Fuzz(func(tt *testing.T, which uint8, key string) {
		op := t.ops[int(which)%len(t.ops)]
		for _, list := range lists {
			text := `{"l":"` + list + `","k":` + t.fill.Replace(key) + `}`
			query := url.Values{"cursor": {base64.RawURLEncoding.EncodeToString([]byte(text))}, "limit": {"1"}}
			a := t.ask(tt, op, t.pathOf(op, ""), query.Encode(), "", t.headersWith(0, ""))
			require.Contains(tt, []int{http.StatusOK, http.StatusUnprocessableEntity}, a.status, "%s", a.body)
			if a.status == http.StatusOK {
				require.LessOrEqual(tt, len(items(tt, a.json(tt))), 1)
			}
		}
	})
}
