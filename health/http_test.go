package health_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/health"
)

func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.Start()
	t.Cleanup(server.Close)
	return server.URL
}

func body(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) }
}

// raw is a server that sends text to whoever connects, and closes the connection unless hold.
func raw(t *testing.T, text string, hold bool) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				if hold {
					defer io.Copy(io.Discard, conn) //nolint:errcheck // ends with the client
				} else {
					_, _ = conn.Read(make([]byte, 4096))
				}
				_, _ = io.WriteString(conn, text)
			}()
		}
	}()
	return "http://" + l.Addr().String()
}

// onLoopback allows what the servers of these tests are at, and every port.
var onLoopback = fleet.OutboundRules{
	Ports: []fleet.PortRange{{First: 1, Last: 65535}},
	Allow: fleet.OutboundAllow{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}},
}

func prober(timeout time.Duration) *health.Prober {
	return health.NewProber(health.Config{Timeout: timeout, Rules: onLoopback})
}

func probe(t *testing.T, url, expected string, change ...func(*fleet.Check)) fleet.Result {
	t.Helper()
	c := fleet.Check{ID: "c", HostID: "h", Type: fleet.CheckHTTP, URL: url, ExpectedBody: expected, IgnoreCertErrors: true}
	for _, f := range change {
		f(&c)
	}
	result := prober(5*time.Second).HTTP(t.Context(), c, "s3cret-hunter2")
	require.Equal(t, "c", result.CheckID)
	require.Equal(t, "h", result.HostID)
	require.NotZero(t, result.CheckedAt)
	require.NotEmpty(t, result.Detail)
	require.LessOrEqual(t, len(result.Detail), fleet.MaxDetail)
	require.NotContains(t, result.Detail, "hunter2")
	return result
}

func requireUnhealthy(t *testing.T, r fleet.Result, detail string) {
	t.Helper()
	require.Equal(t, fleet.OutcomeUnhealthy, r.Outcome, r.Detail)
	require.Contains(t, r.Detail, detail)
}

func TestHealthyIsA2xxWithTheExpectedText(t *testing.T) {
	t.Parallel()
	require.Equal(t, fleet.OutcomeHealthy, probe(t, serve(t, body("all is ok here")), "is ok").Outcome)
	requireUnhealthy(t, probe(t, serve(t, body("all is hunter2")), "is ok"), "without the expected text")
	requireUnhealthy(t, probe(t, serve(t, body("")), "is ok"), "without the expected text")
}

func TestOnlyA2xxIsHealthyWhateverTheBody(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]fleet.Outcome{
		200: fleet.OutcomeHealthy, 201: fleet.OutcomeHealthy, 299: fleet.OutcomeHealthy,
		300: fleet.OutcomeUnhealthy, 400: fleet.OutcomeUnhealthy, 404: fleet.OutcomeUnhealthy,
		500: fleet.OutcomeUnhealthy, 503: fleet.OutcomeUnhealthy, 599: fleet.OutcomeUnhealthy, 999: fleet.OutcomeUnhealthy,
	} {
		url := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status); fmt.Fprint(w, "ok") })
		require.Equal(t, want, probe(t, url, "ok").Outcome, status)
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	target := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the redirect was followed") })
	for _, status := range []int{301, 302, 303, 307, 308} {
		url := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, target, status) })
		requireUnhealthy(t, probe(t, url, "ok"), "redirects are not followed")
	}
}

func TestTheBodyIsReadUpToItsBound(t *testing.T) {
	t.Parallel()
	at := strings.Repeat("x", 64<<10-2) + "ok"
	require.Equal(t, fleet.OutcomeHealthy, probe(t, serve(t, body(at)), "ok").Outcome)
	require.Equal(t, fleet.OutcomeHealthy, probe(t, serve(t, body(at+"more")), "ok").Outcome)
	requireUnhealthy(t, probe(t, serve(t, body("x"+at)), "ok"), "truncated")
	full := probe(t, serve(t, body(strings.Repeat("x", 64<<10))), "ok")
	requireUnhealthy(t, full, "without the expected text")
	require.NotContains(t, full.Detail, "truncated")
	requireUnhealthy(t, probe(t, serve(t, body(strings.Repeat("x", 64<<10+1))), "ok"), "truncated")
}

func zipped(t *testing.T, text string) http.HandlerFunc {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := io.WriteString(z, text)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(b.Bytes())
	}
}

func TestTheBoundCountsUnpackedBytes(t *testing.T) {
	t.Parallel()
	at := strings.Repeat("x", 64<<10-2) + "ok"
	require.Equal(t, fleet.OutcomeHealthy, probe(t, serve(t, zipped(t, at)), "ok").Outcome)
	requireUnhealthy(t, probe(t, serve(t, zipped(t, "x"+at)), "ok"), "truncated")
}

func TestAGzipBombIsNotUnpacked(t *testing.T) {
	t.Parallel()
	bomb := zipped(t, strings.Repeat("\x00", 64<<20))
	result := probe(t, serve(t, bomb), "ok")
	requireUnhealthy(t, result, "truncated")
	require.Less(t, result.Latency, 2*time.Second)
}

func TestWhatCanNotBeUnpackedIsUnhealthy(t *testing.T) {
	t.Parallel()
	encoded := func(encoding, text string) string {
		return serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", encoding)
			fmt.Fprint(w, text)
		})
	}
	requireUnhealthy(t, probe(t, encoded("gzip", "ok ok ok ok ok hunter2"), "ok"), "not valid gzip")
	requireUnhealthy(t, probe(t, encoded("gzip", ""), "ok"), "can not be read")
	requireUnhealthy(t, probe(t, encoded("gzip", "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xff\xff\xff"), "ok"), "not valid gzip")
	requireUnhealthy(t, probe(t, encoded("br", "ok"), "ok"), "not asked for")
	require.Equal(t, fleet.OutcomeHealthy, probe(t, encoded("identity", "ok"), "ok").Outcome)
}

func TestABrokenServerIsUnhealthyAndNotQuoted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, detail string }{
		"closed":             {"", "without an answer"},
		"not HTTP":           {"SSH-2.0-hunter2\r\n", "not a valid HTTP answer"},
		"bad status":         {"HTTP/1.1 hunter2 OK\r\n\r\n", "not a valid HTTP answer"},
		"header flood":       {"HTTP/1.1 200 OK\r\n" + strings.Repeat("X: hunter2\r\n", 8<<10) + "\r\nok", "headers"},
		"informational":      {strings.Repeat("HTTP/1.1 103 Early\r\n\r\n", 50), "no answer"},
		"a body cut off":     {"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhunter2", "ended too early"},
		"a broken chunk":     {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhunter2\r\n", "can not be read"},
		"switched protocols": {"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nok", "answered 101"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requireUnhealthy(t, probe(t, raw(t, c.text, false), "ok"), c.detail)
		})
	}
}

func TestHeadersUpToTheirBoundAreRead(t *testing.T) {
	t.Parallel()
	header := func(n int) string {
		return raw(t, "HTTP/1.1 200 OK\r\nX: "+strings.Repeat("a", n)+"\r\nContent-Length: 2\r\n\r\nok", false)
	}
	require.Equal(t, fleet.OutcomeHealthy, probe(t, header(31<<10), "ok").Outcome)
	requireUnhealthy(t, probe(t, header(40<<10), "ok"), "headers")
}

func TestTheWholeCheckEndsWithItsTimeout(t *testing.T) {
	t.Parallel()
	drip := serve(t, func(w http.ResponseWriter, r *http.Request) {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-r.Context().Done():
				return
			case <-tick.C:
				fmt.Fprint(w, "x")
				_ = http.NewResponseController(w).Flush()
			}
		}
	})
	for name, url := range map[string]string{
		"drip":         drip,
		"hang":         raw(t, "", true),
		"half headers": raw(t, "HTTP/1.1 200 OK\r\nX: ", true),
		"half a body":  raw(t, "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nx", true),
		"TLS silence":  strings.Replace(raw(t, "", true), "http:", "https:", 1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := prober(100 * time.Millisecond)
			r := p.HTTP(t.Context(), fleet.Check{URL: url, ExpectedBody: "ok"}, "")
			requireUnhealthy(t, r, "within 100ms")
			require.Less(t, r.Latency, 2*time.Second)
		})
	}
}

func TestACheckThatWeStopIsAnErrorAndNotTheHostsFault(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	url := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	r := prober(0).HTTP(ctx, fleet.Check{URL: url, ExpectedBody: "ok"}, "")
	require.Equal(t, fleet.OutcomeError, r.Outcome)
}

func TestAURLThatCanNotBeRequestedIsAnErrorOrUnhealthyAndNeverAPanic(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "::", "http://", "gopher://h/", "http://h:99999/", "http://\x00/", "mailto:x"} {
		r := probe(t, url, "ok")
		require.NotEqual(t, fleet.OutcomeHealthy, r.Outcome, url)
	}
	require.Equal(t, fleet.OutcomeError, probe(t, "http://a b/", "ok").Outcome)
}

func TestNobodyListeningIsUnhealthy(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	requireUnhealthy(t, probe(t, "http://"+l.Addr().String(), "ok"), "connection refused")
}

func TestBasicAuthIsSentWhereThereIsAUser(t *testing.T) {
	t.Parallel()
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		user, password, ok := r.BasicAuth()
		fmt.Fprintf(w, "%s %t %t", user, password == "s3cret-hunter2", ok)
	})
	user := func(c *fleet.Check) { c.BasicAuthUser = "probe" }
	require.Equal(t, fleet.OutcomeHealthy, probe(t, url, "probe true true", user).Outcome)
	require.Equal(t, fleet.OutcomeHealthy, probe(t, url, " false false").Outcome)
}

func TestACertificateCountsUnlessItsErrorsAreIgnored(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(body("ok"))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.StartTLS()
	t.Cleanup(server.Close)
	require.Equal(t, fleet.OutcomeHealthy, probe(t, server.URL, "ok").Outcome)
	verify := func(c *fleet.Check) { c.IgnoreCertErrors = false }
	requireUnhealthy(t, probe(t, server.URL, "ok", verify), "unknown authority")
}

func TestAServerWithOldTLSIsUnhealthy(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(body("ok"))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	server.StartTLS()
	t.Cleanup(server.Close)
	requireUnhealthy(t, probe(t, server.URL, "ok"), "tls: protocol version not supported")
	plain := serve(t, body("ok"))
	requireUnhealthy(t, probe(t, strings.Replace(plain, "http:", "https:", 1), "ok"), "does not speak TLS")
}

func TestEachCheckHasAConnectionOfItsOwn(t *testing.T) {
	t.Parallel()
	seen := make(chan string, 2)
	url := serve(t, func(w http.ResponseWriter, r *http.Request) { seen <- r.RemoteAddr; fmt.Fprint(w, "ok") })
	probe(t, url, "ok")
	probe(t, url, "ok")
	first := <-seen
	require.NotEqual(t, first, <-seen)
}

func TestTheEnvironmentsProxyIsNotUsed(t *testing.T) {
	proxy := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the proxy was used") })
	t.Setenv("HTTP_PROXY", proxy)
	t.Setenv("http_proxy", proxy)
	requireUnhealthy(t, probe(t, "http://web.invalid/", "ok"), "can not be resolved")
}

func TestTheSearchHoldsAcrossEveryChunkBoundary(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(rapid.RuneFrom([]rune("ab")), 0, 40, -1).Draw(t, "text")
		expected := rapid.StringOfN(rapid.RuneFrom([]rune("ab")), 1, 6, -1).Draw(t, "expected")
		limit := rapid.IntRange(1, 45).Draw(t, "limit")
		chunks := &chunked{text: text, next: func() int { return rapid.IntRange(1, 5).Draw(t, "chunk") }}
		found, truncated, err := health.Contains(chunks, expected, limit)
		require.NoError(t, err)
		require.Equal(t, strings.Contains(text[:min(len(text), limit)], expected), found)
		require.Equal(t, !found && len(text) > limit, truncated)
	})
}

// chunked reads text in chunks of the lengths that next tells.
type chunked struct {
	text string
	next func() int
}

func (c *chunked) Read(b []byte) (int, error) {
	if c.text == "" {
		return 0, io.EOF
	}
	n := copy(b, c.text[:min(len(c.text), c.next())])
	c.text = c.text[n:]
	return n, nil
}

func TestTheSearchEndsWithItsReader(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	_, _, err := health.Contains(io.MultiReader(strings.NewReader("x"), iotest.ErrReader(broken)), "ok", 100)
	require.ErrorIs(t, err, broken)
	found, _, err := health.Contains(iotest.DataErrReader(strings.NewReader("xok")), "ok", 100)
	require.NoError(t, err)
	require.True(t, found)
}
