package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/cli"
	"github.com/patch-manager/patch-manager/devstack"
	"github.com/patch-manager/patch-manager/store/storetest"
)

const rootPassword = "correct horse battery staple"

// startAPI has this program serve an API of its own, with one administrator, and returns its URL. There is no Temporal.
func startAPI(t *testing.T) string {
	t.Helper()
	pool := storetest.New(t)
	port, err := devstack.FreePort()
	require.NoError(t, err)
	address, dir := devstack.Address(port), t.TempDir()
	args := []string{"--database.url=" + pool.Config().ConnString(), "--api.listen=" + address}
	for key, file := range map[string]string{
		"keys.health_check": "health-check.key", "keys.audit": "audit.key", "agent.ca": "ca.pem", "agent.ca_key": "ca-key.pem",
		"agent.cert": "client.pem", "agent.key": "client-key.pem",
	} {
		args = append(args, "--"+key+"="+filepath.Join(dir, file))
	}
	_, err = runWith(t, rootPassword+"\n", append([]string{"user", "create", "--name", "root", "--admin"}, args[0], "--keys.audit="+filepath.Join(dir, "audit.key"))...)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	root := newRoot()
	root.SetArgs(append([]string{"api"}, args...))
	go func() { ended <- root.ExecuteContext(ctx) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-ended)
	})
	require.Eventually(t, func() bool {
		response, err := http.Get("http://" + address + "/healthz")
		return err == nil && response.Body.Close() == nil
	}, 20*time.Second, 20*time.Millisecond)
	return "http://" + address
}

// must runs a command that has to succeed.
func must(t *testing.T, args ...string) string {
	t.Helper()
	out, err := run(t, args...)
	require.NoError(t, err, "%v", args)
	return out
}

// requireExit runs a command that has to fail with a code, and returns what it says.
func requireExit(t *testing.T, code int, args ...string) string {
	t.Helper()
	_, err := run(t, args...)
	require.Error(t, err, "%v", args)
	require.Equal(t, code, cli.ExitCode(err), "%v: %v", args, err)
	return err.Error()
}

// TestPeopleAndScriptsWorkFromTheCommandLine goes the way of somebody new, from signing in to a job, on a real API.
func TestPeopleAndScriptsWorkFromTheCommandLine(t *testing.T) {
	t.Setenv("TEMPORAL_ADDRESS", "127.0.0.1:1") // nobody is there
	url := startAPI(t)
	config := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", config)
	t.Setenv("PATCH_MANAGER_URL", "")
	t.Setenv("PATCH_MANAGER_TOKEN", "")

	require.Contains(t, requireExit(t, 2, "host", "list"), "not signed in")
	_, err := runWith(t, "wrong\n", "login", url, "--user", "root")
	require.Equal(t, 3, cli.ExitCode(err))
	require.NoFileExists(t, filepath.Join(config, "patch-manager", "credentials.json"))
	said, err := runWith(t, rootPassword+"\n", "login", url+"/", "--user", "root")
	require.NoError(t, err)
	require.Equal(t, "signed in to "+url+" as root\n", said)
	info, err := os.Stat(filepath.Join(config, "patch-manager", "credentials.json"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode())

	must(t, "host", "add", "web1.example.com", "--address", "192.0.2.7", "--label", "role=web", "--zone", "lab")
	must(t, "host", "add", "web2.example.com", "--address", "192.0.2.8")
	require.Regexp(t, `^FQDN +HEALTH +PENDING.*\nweb1\.example\.com +none +unknown +lab `, must(t, "host", "list", "--label", "role=web"))
	require.Contains(t, requireExit(t, 5, "host", "add", "WEB1.example.com"), "another host has this fqdn")
	require.Contains(t, requireExit(t, 2, "host", "add", "not a name"), "fqdn: ")
	require.Contains(t, requireExit(t, 4, "host", "show", "web9.example.com"), `"web9.example.com"`)
	var host struct {
		ID     string
		Labels map[string]string
	}
	require.NoError(t, json.Unmarshal([]byte(must(t, "host", "show", "web1.example.com", "-o", "json")), &host))
	require.Equal(t, map[string]string{"role": "web"}, host.Labels)
	require.Contains(t, must(t, "host", "show", host.ID, "-o", "yaml"), "fqdn: web1.example.com\n")
	rows, err := csv.NewReader(strings.NewReader(must(t, "host", "list", "-o", "csv"))).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 3)
	require.Equal(t, "fqdn", rows[0][0])

	must(t, "check", "add", "web1.example.com", "--name", "nginx", "--service", "nginx.service")
	_, err = runWith(t, "secret\n", "check", "add", "web1.example.com", "--name", "page", "--url", "https://web1.example.com/", "--expect", "ok", "--basic-auth-user", "ada")
	require.NoError(t, err)
	checks := must(t, "check", "list", "web1.example.com", "-o", "json")
	require.Contains(t, checks, `"has_basic_auth_password": true`)
	require.NotContains(t, checks, "secret")
	require.Contains(t, requireExit(t, 2, "check", "add", "web1.example.com", "--name", "x"), "--service or a --url")
	require.Contains(t, requireExit(t, 4, "check", "test", "web1.example.com", "apache"), `"apache"`)

	must(t, "window", "add", "--host", "web1.example.com", "--recurrence", "monthly", "--nth-weekday", "2-sat", "--start-time", "02:00",
		"--duration", "3h", "--time-zone", "Europe/Berlin", "--label", "second Saturday")
	must(t, "window", "add", "--site", "--kind", "blackout", "--recurrence", "once", "--starts-on", "2027-12-24", "--start-time", "00:00",
		"--duration", "72h", "--time-zone", "UTC")
	require.Contains(t, must(t, "window", "list", "--host", "web1.example.com"), "second Saturday  maintenance  host   monthly  02:00 Europe/Berlin  180")
	require.Contains(t, must(t, "window", "list", "--site"), "blackout")
	require.Len(t, strings.Split(strings.TrimSpace(must(t, "window", "next", "web1.example.com", "--limit", "3")), "\n"), 4)
	require.Contains(t, requireExit(t, 2, "window", "add", "--site", "--recurrence", "daily", "--start-time", "02:00", "--duration", "90s", "--time-zone", "UTC"), "whole number of minutes")

	preview := must(t, "job", "create", "--host", "web1.example.com", "--host", "web2.example.com", "--preview")
	require.Regexp(t, `web1\.example\.com +unknown +no +20\d\d-`, preview)
	var job, again struct{ ID, Status string }
	create := []string{"job", "create", "--host", "web1.example.com", "--key", "change-17", "--notes", "first", "-o", "json"}
	require.NoError(t, json.Unmarshal([]byte(must(t, create...)), &job))
	require.NoError(t, json.Unmarshal([]byte(must(t, create...)), &again))
	require.Equal(t, job.ID, again.ID, "one key is one job")
	require.Contains(t, must(t, "job", "list"), job.ID)
	require.Contains(t, requireExit(t, 2, "job", "watch", "first"), "no id of a job")
	require.Contains(t, requireExit(t, 4, "job", "watch", "01a231bf-9063-790d-b6bc-599f98ad6269"), "job not found")
	must(t, "job", "cancel", job.ID)
	watched, err := run(t, "job", "watch", job.ID)
	require.Equal(t, 7, cli.ExitCode(err), "%v", err)
	require.Regexp(t, `Z  web1\.example\.com  cancelled  cancelled_by_user job cancelled by root\n`, watched)
	var retried struct {
		RetryOf string `json:"retry_of"`
	}
	require.NoError(t, json.Unmarshal([]byte(must(t, "job", "retry", job.ID, "--status", "cancelled", "-o", "json")), &retried))
	require.Equal(t, job.ID, retried.RetryOf)

	tail := must(t, "audit", "tail", "-n", "4")
	require.Equal(t, []string{"job.create", "job.cancel", "job.retry"}, actionsOf(tail, "job."))
	require.Contains(t, requireExit(t, 2, "audit", "tail", "-n", "201"), "--lines: must be from 0 to 200")

	t.Setenv("PATCH_MANAGER_URL", "https://patches.example.com")
	require.Contains(t, requireExit(t, 2, "host", "list"), "is not where you signed in", "the token goes nowhere else")
	t.Setenv("PATCH_MANAGER_URL", "http://192.0.2.1")
	t.Setenv("PATCH_MANAGER_TOKEN", "pm_x")
	require.Contains(t, requireExit(t, 2, "host", "list"), "by https alone")
	t.Setenv("PATCH_MANAGER_URL", "http://127.0.0.1:1")
	requireExit(t, 6, "host", "list")
	t.Setenv("PATCH_MANAGER_URL", url)
	requireExit(t, 3, "host", "list")
	t.Setenv("PATCH_MANAGER_URL", "")
	t.Setenv("PATCH_MANAGER_TOKEN", "")
	must(t, "logout")
	requireExit(t, 2, "host", "list")
}

// actionsOf lists the actions of a table of entries that begin so.
func actionsOf(table, prefix string) (actions []string) {
	for line := range strings.Lines(table) {
		for _, field := range strings.Fields(line) {
			if strings.HasPrefix(field, prefix) {
				actions = append(actions, field)
			}
		}
	}
	return actions
}

func TestCredentialsThatOthersCanReadAreRefused(t *testing.T) {
	config := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", config)
	t.Setenv("PATCH_MANAGER_URL", "")
	t.Setenv("PATCH_MANAGER_TOKEN", "")
	file := filepath.Join(config, "patch-manager", "credentials.json")
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
	require.NoError(t, os.WriteFile(file, []byte(`{"url": "https://patches.example.com", "token": "pm_x"}`), 0o640))
	require.Contains(t, requireExit(t, 1, "job", "list"), "has mode 0640 and must be 0600")
}

func TestWhatTheCommandLineGotWrongIsSaidBeforeAnythingIsAsked(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ args, says string }{
		{"host list now", "patch-manager host list takes no arguments"},
		{"host show", "patch-manager host show takes one argument: HOST"},
		{"check test web1", "patch-manager check test takes 2 arguments: [HOST CHECK]"},
		{"host list -o xml", "--output: must be one of table, json, yaml, csv"},
		{"login ftp://example.com --user ada", "must be a URL such as https://patches.example.com"},
		{"login http://example.com --user ada", "by https alone"},
		{"login https://example.com", "--user: name who signs in"},
		{"job list --colour", "unknown flag: --colour"},
	} {
		require.Contains(t, requireExit(t, 2, strings.Fields(tt.args)...), tt.says, tt.args)
	}
}

func TestEachShellIsCompleted(t *testing.T) {
	t.Parallel()
	for _, shell := range []string{"bash", "zsh", "fish"} {
		var out bytes.Buffer
		root := newRoot()
		root.SetOut(&out)
		root.SetArgs([]string{"completion", shell})
		require.NoError(t, root.Execute())
		require.Contains(t, out.String(), "patch-manager", shell)
	}
}
