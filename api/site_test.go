package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/api"
	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/metrics"
	"github.com/patch-manager/patch-manager/pki"
	"github.com/patch-manager/patch-manager/store"
	"github.com/patch-manager/patch-manager/store/storetest"
)

// site is the API on a database of its own, with tokens of one user of each kind.
type site struct {
	t       testing.TB
	pool    *pgxpool.Pool
	store   *store.Store
	handler http.Handler
	runs    *fakeRuns
	log     *lockedBuffer
	admin   string

	passwords *fakePasswords
	// authority is one for all tests: making one takes longer than what it signs.
	authority *pki.Authority
}

var authority = sync.OnceValues(func() (*pki.Authority, error) {
	dir, err := os.MkdirTemp("", "patch-manager-test-pki-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	a, _, err := pki.Open(pki.Config{
		CAFile: filepath.Join(dir, "ca.pem"), CAKeyFile: filepath.Join(dir, "ca-key.pem"), Lifetime: 8760 * time.Hour,
		RecordAuthority: func(pki.Own) error { return nil },
	})
	return a, err
})

type apiConfig = api.Config

// serve serves the API with other settings.
func (s *site) serve(change func(*apiConfig)) {
	cfg := s.config()
	change(&cfg)
	s.handler = api.New(cfg)
}

func newSite(t testing.TB) *site {
	t.Helper()
	pool := storetest.New(t)
	signer, err := authority()
	require.NoError(t, err)
	s := &site{
		t: t, pool: pool, store: store.New(pool, storetest.AuditKey), runs: &fakeRuns{}, log: &lockedBuffer{}, passwords: &fakePasswords{},
		authority: signer,
	}
	s.exec(`select make_partitions(now() - interval '1 hour', now() + interval '1 hour')`)
	s.handler = api.New(s.config())
	s.admin = s.token(fleet.TokenRequest{User: "root", Admin: true, Name: "test"})
	return s
}

func (s *site) config() api.Config {
	return api.Config{
		Store: s.store, Runs: s.runs, Sealer: fakeSealer{}, Passwords: s.passwords, Authority: s.authority, Policy: testPolicy,
		SignOn: fakeSignOn{}, Metrics: metrics.New(metrics.Config{
			Fleet: s.store.CertificateOverview, Expiry: func() (ca, client *time.Time) { return nil, nil },
		}).Text,
		Ready: map[string]func(context.Context) error{"postgres": s.store.Ping},
		RunLink: func(jobID, runID string) api.RunLink {
			return api.RunLink{WorkflowID: "patch-job/" + jobID, URL: "http://ui/" + runID}
		},
		Log: slog.New(slog.NewTextHandler(s.log, nil)), Version: "test", Now: time.Now,
	}
}

var testPolicy = api.Policy{
	AgentPort: 12443, PollInterval: 5 * time.Minute, ResultRetention: 96 * time.Hour, Cutoff: 15 * time.Minute,
	CutoffWithReboot: 30 * time.Minute, GateTimeout: time.Hour, MaxWait: 864 * time.Hour, IgnoreCertErrorsDefault: true,
	Outbound:      fleet.OutboundRules{Ports: []fleet.PortRange{{First: 80, Last: 80}, {First: 443, Last: 443}, {First: 1024, Last: 65535}}},
	TokenLifetime: 8760 * time.Hour,
}

func (s *site) token(r fleet.TokenRequest) string {
	s.t.Helper()
	token, err := s.store.CreateToken(context.Background(), fleet.Actor{Name: "test"}, r)
	require.NoError(s.t, err)
	return token.Secret
}

// member is a token of a new user with the given roles.
func (s *site) member(roles map[string]fleet.Role) string {
	s.t.Helper()
	return s.token(fleet.TokenRequest{User: "user-" + uuid.NewString(), Roles: roles, Name: "test"})
}

func (s *site) exec(sql string, args ...any) {
	s.t.Helper()
	_, err := s.pool.Exec(context.Background(), sql, args...)
	require.NoError(s.t, err)
}

func (s *site) count(sql string, args ...any) int {
	s.t.Helper()
	var n int
	require.NoError(s.t, s.pool.QueryRow(context.Background(), sql, args...).Scan(&n))
	return n
}

// answer is what the API said.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) json(t testing.TB) map[string]any {
	t.Helper()
	var m map[string]any
	require.NoError(t, json.Unmarshal(a.body, &m), "body: %s", a.body)
	return m
}

// call sends a request; body is JSON text, or a value that is encoded.
func (s *site) call(token, method, path string, body any, headers ...string) answer {
	var text string
	switch b := body.(type) {
	case nil:
	case string:
		text = b
	default:
		encoded, err := json.Marshal(b)
		require.NoError(s.t, err)
		text = string(encoded)
	}
	r := httptest.NewRequest(method, path, strings.NewReader(text))
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return answer{status: w.Code, header: w.Header(), body: w.Body.Bytes()}
}

// must sends a request that has to be answered with the status, and returns the body.
func (s *site) must(status int, token, method, path string, body any, headers ...string) map[string]any {
	s.t.Helper()
	a := s.call(token, method, path, body, headers...)
	require.Equal(s.t, status, a.status, "%s %s: %s", method, path, a.body)
	if len(a.body) == 0 {
		return nil
	}
	return a.json(s.t)
}

// refuse sends a request that has to be refused with the status and code, and returns the fields at fault.
func (s *site) refuse(status int, code, token, method, path string, body any, headers ...string) []string {
	s.t.Helper()
	a := s.call(token, method, path, body, headers...)
	require.Equal(s.t, status, a.status, "%s %s: %s", method, path, a.body)
	require.Equal(s.t, "application/problem+json", a.header.Get("Content-Type"))
	p := a.json(s.t)
	require.Equal(s.t, code, p["code"], "%s", a.body)
	fields := []string{}
	errs, _ := p["errors"].([]any)
	for _, e := range errs {
		fields = append(fields, e.(map[string]any)["field"].(string))
	}
	return fields
}

func (s *site) group(name string) string {
	s.t.Helper()
	return s.must(201, s.admin, "POST", "/api/v1/groups", map[string]any{"name": name})["id"].(string)
}

func (s *site) host(fqdn string, groups ...string) string {
	s.t.Helper()
	if groups == nil {
		groups = []string{}
	}
	return s.must(201, s.admin, "POST", "/api/v1/hosts", map[string]any{"fqdn": fqdn, "group_ids": groups})["id"].(string)
}

func (s *site) check(host, name string) string {
	s.t.Helper()
	return s.must(201, s.admin, "POST", "/api/v1/hosts/"+host+"/health-checks", serviceCheck(name))["id"].(string)
}

func serviceCheck(name string) map[string]any {
	return map[string]any{"name": name, "check_type": "service", "service_name": "nginx.service"}
}

// result stores the current state of a check as a poll would.
func (s *site) result(check, outcome string, at time.Time) {
	s.t.Helper()
	s.exec(`insert into health_check_states (check_id, host_id, outcome, healthy, detail, latency_ms, checked_at, since, shown, shown_since)
		select id, host_id, $2, $2 = 'healthy', 'detail', 12, $3, $3, $2, $3 from host_health_checks where id = $1
		on conflict (check_id) do update set outcome = $2, healthy = $2 = 'healthy', checked_at = $3, shown = $2, shown_since = $3`, check, outcome, at)
}

func items(t testing.TB, m map[string]any) []map[string]any {
	t.Helper()
	list, ok := m["items"].([]any)
	require.True(t, ok, "items must be a list: %v", m)
	out := make([]map[string]any, len(list))
	for i, item := range list {
		out[i] = item.(map[string]any)
	}
	return out
}

func pluck(t *testing.T, m map[string]any, field string) []string {
	t.Helper()
	out := []string{}
	for _, item := range items(t, m) {
		out = append(out, item[field].(string))
	}
	return out
}

// fakeRuns stands for Temporal.
type fakeRuns struct {
	mu       sync.Mutex
	started  []string
	wakes    int
	rechecks []string
	tests    []api.TestCheckRequest
	err      error
	test     func(ctx context.Context, r api.TestCheckRequest) (fleet.Result, error)
}

func (f *fakeRuns) StartJob(_ context.Context, jobID string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.started = append(f.started, jobID)
	return f.err
}

func (f *fakeRuns) Wake(context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.wakes++
	return f.err
}

func (f *fakeRuns) Recheck(_ context.Context, jobID, hostID string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rechecks = append(f.rechecks, jobID+"/"+hostID)
	return f.err
}

func (f *fakeRuns) TestCheck(ctx context.Context, r api.TestCheckRequest) (fleet.Result, error) {
	f.mu.Lock()
	f.tests = append(f.tests, r)
	f.mu.Unlock()
	if f.test != nil {
		return f.test(ctx, r)
	}
	return fleet.Result{CheckID: r.CheckID, HostID: r.HostID, Outcome: fleet.OutcomeHealthy, Detail: "active", CheckedAt: time.Now()}, f.err
}

// String is what was asked of the workers.
func (f *fakeRuns) String() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return fmt.Sprint(f.started, f.wakes, f.rechecks, f.tests)
}

// fakeSealer shows in its ciphertext what it was made of, so that tests see which password is stored.
type fakeSealer struct{}

func (fakeSealer) Seal(_ context.Context, plain string, c fleet.Check) (fleet.SealedPassword, error) {
	return fleet.SealedPassword{Ciphertext: []byte(plain + "|" + c.ID + "|" + c.HostID), Nonce: []byte("nonce"), KeyID: 1}, nil
}

type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
