//go:build integration

package integration_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/proto"

	"github.com/patch-manager/patch-manager/agent/agenttest"
	"github.com/patch-manager/patch-manager/devstack"
)

// guarded is a site whose every output is kept.
type guarded struct {
	*site
	t        *testing.T
	environ  []string
	worker   string // URL
	owner    *pgxpool.Pool
	temporal client.Client
	out      sinks
	planted  []canary
}

// startGuarded starts a site on servers of the test's own, which outlive it.
func startGuarded(t *testing.T, hosts []agenttest.HostSpec, settings map[string]string) *guarded {
	t.Helper()
	dir := t.TempDir()
	pg, err := devstack.StartPostgres(t.Context(), devstack.PostgresConfig{Dir: filepath.Join(dir, "postgres"), Database: "patch_manager", Throwaway: true})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, pg.Stop())
		require.NoError(t, devstack.RemovePostgres(filepath.Join(dir, "postgres")))
	})
	temporal, err := devstack.StartTemporal(t.Context(), devstack.TemporalConfig{Dir: filepath.Join(dir, "temporal"), UIPort: -1})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, temporal.Stop()) })
	g := &guarded{t: t, out: sinks{}, environ: []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "TEMPORAL_NAMESPACE=default", "TEMPORAL_CONFIG_FILE=" + os.DevNull,
		"TEMPORAL_ADDRESS=" + temporal.Address(), "PATCH_MANAGER_DATABASE__URL=" + pg.URL(),
	}}
	g.owner, err = pgxpool.New(t.Context(), pg.URL())
	require.NoError(t, err)
	t.Cleanup(g.owner.Close)
	g.temporal, err = client.DialContext(t.Context(), client.Options{HostPort: temporal.Address()})
	require.NoError(t, err)
	t.Cleanup(g.temporal.Close)
	port, err := devstack.FreePort()
	require.NoError(t, err)
	g.worker, settings["worker.listen"] = "http://"+devstack.Address(port), devstack.Address(port)
	g.site = startSite(t, hosts, settings, g.environ...)
	return g
}

// request sends a request as it is; the answer may hold a secret.
func (g *guarded) request(method, path, body string, header map[string]string) (*http.Response, []byte) {
	g.t.Helper()
	request, err := http.NewRequestWithContext(g.t.Context(), method, g.API.URL()+path, strings.NewReader(body))
	require.NoError(g.t, err)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+g.adminToken())
	for name, value := range header {
		request.Header.Set(name, value)
	}
	follow := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	response, err := (&http.Client{Timeout: 30 * time.Second, CheckRedirect: follow}).Do(request)
	require.NoError(g.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(g.t, err)
	return response, text
}

// get keeps what is at a URL, whose answer must be 200 and hold a text; of a stream that is what comes until it does.
func (g *guarded) get(url, holds string) {
	g.t.Helper()
	ctx, cancel := context.WithTimeout(g.t.Context(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	require.NoError(g.t, err)
	request.Header.Set("Authorization", "Bearer "+g.adminToken())
	response, err := http.DefaultClient.Do(request)
	require.NoError(g.t, err)
	defer response.Body.Close()
	stream := strings.HasPrefix(response.Header.Get("Content-Type"), "text/event-stream")
	var text []byte
	for part := make([]byte, 64<<10); err == nil && !(stream && bytes.Contains(text, []byte(holds))); {
		var n int
		n, err = response.Body.Read(part)
		text = append(text, part[:n]...)
	}
	require.Equal(g.t, http.StatusOK, response.StatusCode, "%s: %s", url, text)
	require.Contains(g.t, string(text), holds, url)
	g.keep("what is at "+url[len("http://"):], append(fmt.Appendf(nil, "%s %v\n", response.Status, response.Header), text...))
}

// call is request whose answer must hold no secret.
func (g *guarded) call(method, path string, body any, header map[string]string) (status int, answer map[string]any) {
	g.t.Helper()
	text, raw := body.(string)
	if !raw && body != nil {
		encoded, err := json.Marshal(body)
		require.NoError(g.t, err)
		text = string(encoded)
	}
	response, got := g.request(method, "/api/v1"+path, text, header)
	g.keep(fmt.Sprintf("the answers to %s %s", method, path), append(fmt.Appendf(nil, "%s %v\n", response.Status, response.Header), got...))
	_ = json.Unmarshal(got, &answer) // there is none for some
	return response.StatusCode, answer
}

func (g *guarded) must(status int, method, path string, body any) map[string]any {
	g.t.Helper()
	got, answer := g.call(method, path, body, nil)
	require.Equal(g.t, status, got, "%s %s: %v", method, path, answer)
	return answer
}

func (g *guarded) keep(sink string, content []byte) {
	g.out[sink] = append(append(g.out[sink], content...), '\n')
}

func (g *guarded) adminToken() string {
	g.t.Helper()
	token, err := os.ReadFile(filepath.Join(g.dir, "token"))
	require.NoError(g.t, err)
	return strings.TrimSpace(string(token))
}

// command carries out a command of the product, whose output must hold no secret, and returns it.
func (g *guarded) command(args ...string) string {
	g.t.Helper()
	return g.commandWith(nil, args...)
}

func (g *guarded) commandWith(environ []string, args ...string) string {
	g.t.Helper()
	out := g.run(append(g.settings(), environ...), args...)
	g.keep("the output of "+args[0], []byte(out))
	return out
}

// settings are those of the site, as its processes have them.
func (g *guarded) settings() []string {
	return append(slices.Clone(g.environ), "PATCH_MANAGER_LOG__LEVEL=debug", "PATCH_MANAGER_KEYS__HEALTH_CHECK="+g.keyFile(),
		"PATCH_MANAGER_KEYS__AUDIT="+filepath.Join(g.dir, "keys", "audit.key"),
		"PATCH_MANAGER_AGENT__CA="+g.pki("ca.pem"), "PATCH_MANAGER_AGENT__CERT="+g.pki("client.pem"), "PATCH_MANAGER_AGENT__KEY="+g.pki("client-key.pem"))
}

// run carries out a command in an environment and returns all that it printed.
func (g *guarded) run(environ []string, args ...string) string {
	g.t.Helper()
	ctx, cancel := context.WithTimeout(g.t.Context(), patience)
	defer cancel()
	c := exec.CommandContext(ctx, g.program, args...)
	c.Env = environ
	out, _ := c.CombinedOutput() // many are to fail
	require.NoError(g.t, ctx.Err(), "%v does not end: %s", args, out)
	return string(out)
}

func (g *guarded) keyFile() string        { return filepath.Join(g.dir, "keys", "health-check.key") }
func (g *guarded) pki(name string) string { return filepath.Join(g.dir, "pki", name) }

// keepLogs keeps what the processes have logged.
func (g *guarded) keepLogs() {
	g.t.Helper()
	logs, err := filepath.Glob(filepath.Join(g.dir, "log", "*.log"))
	require.NoError(g.t, err)
	require.Len(g.t, logs, 2)
	for _, path := range logs {
		text, err := os.ReadFile(path)
		require.NoError(g.t, err)
		require.NotEmpty(g.t, text)
		g.keep("the log "+filepath.Base(path), text)
	}
}

// keepDatabase keeps every row of every table, encrypted columns and hashes included: there the secrets are not in clear.
func (g *guarded) keepDatabase() {
	g.t.Helper()
	rows, err := g.owner.Query(g.t.Context(), `select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
		where n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relispartition`)
	require.NoError(g.t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(g.t, err)
	require.Greater(g.t, len(tables), 15)
	for _, table := range tables {
		var content *string
		require.NoError(g.t, g.owner.QueryRow(g.t.Context(),
			`select string_agg(t::text, E'\n') from `+pgx.Identifier{table}.Sanitize()+` t`).Scan(&content))
		if content != nil {
			g.keep("the table "+table, []byte(*content))
		}
	}
}

// keepHistories keeps the history of every run, and what is said of it: memo and search attributes.
func (g *guarded) keepHistories() (runs int) {
	g.t.Helper()
	var next []byte
	for {
		page, err := g.temporal.ListWorkflow(g.t.Context(), &workflowservice.ListWorkflowExecutionsRequest{NextPageToken: next})
		require.NoError(g.t, err)
		for _, run := range page.GetExecutions() {
			runs++
			about, err := proto.Marshal(run)
			require.NoError(g.t, err)
			g.keep("memos and search attributes", about)
			g.keepHistory(run.GetExecution().GetWorkflowId(), run.GetExecution().GetRunId())
		}
		if next = page.GetNextPageToken(); len(next) == 0 {
			return runs
		}
	}
}

func (g *guarded) keepHistory(workflowID, runID string) {
	g.t.Helper()
	events := g.temporal.GetWorkflowHistory(g.t.Context(), workflowID, runID, false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	var all bytes.Buffer
	for events.HasNext() {
		event, err := events.Next()
		require.NoError(g.t, err)
		encoded, err := proto.Marshal(event)
		require.NoError(g.t, err)
		all.Write(encoded)
	}
	g.keep("histories", all.Bytes())
}
