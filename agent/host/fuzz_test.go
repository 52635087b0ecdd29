package host

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/agent"
)

// FuzzOutputOfPrograms holds that what apt, dpkg and the kernel print makes no name that could be read as an option or
// another package, no progress outside of its bounds, and no host that can not be told from itself.
func FuzzOutputOfPrograms(f *testing.F) {
	f.Add(simulated)
	f.Add("Inst a [b] (c d [e])\nInst \x00 [\xff] (1)")
	f.Add("ii \tnginx\tamd64\nhi \tlibc6\ti386\nrc \tgone\tall\n\t\t\n")
	f.Add("dlstatus:1:20.5:Retrieving file 2 of 9\npmstatus:libssl3:amd64:41.6:Unpacking libssl3\npmstatus:x:NaN:y\npmstatus:x:1e999:y")
	f.Add("1 (init (x) y) S 0 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 1000 100 200")
	f.Add("6.1.0-18-amd64\n6.1.0-9-amd64\n99999999999999999999")
	f.Fuzz(func(t *testing.T, out string) {
		for _, u := range parseSimulation([]byte(out)) {
			require.True(t, validPackage(u.name) && u.to != "", "%+v", u)
			require.NotContains(t, u.name, "/")
			require.False(t, strings.HasPrefix(u.name, "-"))
		}
		for name := range parseInstalled([]byte(out)) {
			require.NotContains(t, name, "\n")
		}
		if p, ok := lastProgress(out); ok {
			require.True(t, p.percent >= 0 && p.percent <= 99, "%+v", p)
		}
		a, b, _ := strings.Cut(out, "\n")
		require.Equal(t, compareReleases(a, b) > 0, compareReleases(b, a) < 0, "%q %q", a, b)
		require.LessOrEqual(t, len(lastLines(out, 5)), 5)
	})
}

// FuzzRequestToTheAgent holds that no request makes the agent fail, start what its rules forbid, or answer outside of the
// contract.
func FuzzRequestToTheAgent(f *testing.F) {
	f.Add(uint8(0), "", "", "")
	f.Add(uint8(1), "nginx.service", "", "")
	f.Add(uint8(2), "", "limit=-1&status=running", "")
	f.Add(uint8(3), "../../etc", "", "")
	f.Add(uint8(4), "", "key-1", `{"packages":["nginx"],"allow_reboot":true,"reboot_delay_seconds":60}`)
	f.Add(uint8(4), "", "\x7f", `{"packages":["-y","a;b"]}]`)
	f.Add(uint8(4), "", "", `{"packages":["nginx"]}]`)
	f.Add(uint8(5), "", "", `{"delay_seconds":9223372036854775807,"force":true}`)
	f.Add(uint8(6), "0b5b0f6e-0000-4000-8000-000000000001", "", "")
	routes := []struct{ method, path string }{
		{http.MethodGet, "/health"},
		{http.MethodGet, "/system/services/"},
		{http.MethodGet, "/jobs?"},
		{http.MethodGet, "/jobs/"},
		{http.MethodPost, "/patches/apply"},
		{http.MethodPost, "/system/reboot"},
		{http.MethodDelete, "/jobs/"},
		{http.MethodGet, "/patches"},
	}
	f.Fuzz(func(t *testing.T, which uint8, id, other, body string) {
		h := newHost(t)
		route := routes[int(which)%len(routes)]
		u := &url.URL{Path: agent.BasePath + strings.TrimSuffix(route.path, "?")}
		if strings.HasSuffix(route.path, "/") {
			u.Path, u.RawPath = u.Path+id, u.Path+url.PathEscape(id)
		}
		if strings.HasSuffix(route.path, "?") {
			u.RawQuery = other
		}
		r := &http.Request{
			Method: route.method, URL: u, Host: "host", Header: http.Header{agent.IdempotencyHeader: {other}},
			Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
		}
		w := httptest.NewRecorder()
		h.Handler().ServeHTTP(w, r.WithContext(t.Context()))
		requireOfTheContract(t, w)
		if w.Code == http.StatusAccepted {
			require.True(t, json.Valid([]byte(body)), "%q", body)
		}
		for _, argv := range h.systemd.started {
			require.Regexp(t, `^patch-agent --run-job [A-Za-z0-9-]+$`, argv)
		}
		known, err := h.jobs.list()
		require.NoError(t, err)
		require.Equal(t, w.Code == http.StatusAccepted, len(known) == 1)
		for _, job := range known {
			require.False(t, slices.ContainsFunc(job.Packages, func(name string) bool { return !validPackage(name) }))
			require.True(t, job.RebootDelay >= 0 && job.RebootDelay <= maxDelay)
			require.True(t, job.ScheduledAt == nil || !job.ScheduledAt.After(h.now().Add(maxDelay+time.Minute)))
		}
	})
}

func requireOfTheContract(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	if w.Code == http.StatusMovedPermanently || w.Code == http.StatusTemporaryRedirect {
		return // of net/http, for a path that is not in its plainest form
	}
	require.NotEqual(t, http.StatusInternalServerError, w.Code, w.Body.String())
	decoder := json.NewDecoder(bytes.NewReader(w.Body.Bytes()))
	var envelope agent.Envelope
	require.NoError(t, decoder.Decode(&envelope), w.Body.String())
	require.Equal(t, w.Code < 400, envelope.Success)
	require.Regexp(t, idPattern, envelope.RequestID)
	if !envelope.Success {
		require.NotEmpty(t, envelope.Error.Code)
	}
}
