package health_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/health"
)

// speaks is one end of a connection whose other end waits for a request, answers with raw and closes.
func speaks(raw string) net.Conn {
	client, server := net.Pipe()
	go func() {
		defer server.Close()
		if _, err := http.ReadRequest(bufio.NewReader(server)); err != nil {
			return
		}
		_, _ = io.WriteString(server, raw)
	}()
	return client
}

// readsAs is what raw says to a reader of HTTP who is not ours and trusts it in all: the status of the final answer, how
// many lines stand before its body, and as much as there is of the body.
func readsAs(raw string) (status, lines int, body []byte) {
	r := bufio.NewReader(strings.NewReader(raw))
	for {
		resp, err := http.ReadResponse(r, &http.Request{Method: http.MethodGet})
		if err != nil {
			return 0, 0, nil
		}
		for _, values := range resp.Header {
			lines += len(values)
		}
		lines += 2
		if resp.StatusCode >= 100 && resp.StatusCode < 200 && resp.StatusCode != http.StatusSwitchingProtocols {
			continue
		}
		var unpacked io.Reader = resp.Body
		if strings.Contains(strings.ToLower(resp.Header.Get("Content-Encoding")), "gzip") {
			if unpacked, err = gzip.NewReader(resp.Body); err != nil {
				return resp.StatusCode, lines, nil
			}
		}
		body, _ = io.ReadAll(io.LimitReader(unpacked, health.MaxBody))
		return resp.StatusCode, lines, body
	}
}

// FuzzHTTPAnswer holds that nothing that a web server sends is healthy unless it is a 2xx with the expected text, hangs a
// check, or is repeated in its detail.
func FuzzHTTPAnswer(f *testing.F) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err := io.WriteString(z, "all is ok here")
	require.NoError(f, err)
	require.NoError(f, z.Close())
	flood := strings.Repeat("X:\r\n", 600)
	for _, answer := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok",
		"HTTP/1.0 200 OK\r\n\r\nhunter2 ok", "HTTP/1.1 299 hunter2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\nok", "HTTP/1.1 204 x\r\n\r\nok",
		"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + packed.String(),
		"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + packed.String()[:20],
		"HTTP/1.1 200 OK\r\nContent-Encoding: gzip, br\r\n\r\nok",
		"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/ok\r\n\r\nok", "HTTP/1.1 302 x\r\nLocation: http://169.254.169.254/\r\n\r\n",
		"HTTP/1.1 100 C\r\n\r\nHTTP/1.1 103 E\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\nok",
		"HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nok", "HTTP/1.1 200 OK\r\n" + flood + "\r\nok",
		"HTTP/1.1  103 E\r\n\r\nHTTP/1.1 200 OK\r\n" + flood + "\r\nok", "HTTP/1.1 103 E\n\nHTTP/1.1 200 OK\n" + flood + "\nok",
		"SSH-2.0-hunter2\r\n", "\x15\x03\x01\x00\x02\x02\x28", "",
	} {
		f.Add(answer, "ok")
	}
	f.Fuzz(func(t *testing.T, answer, expected string) {
		check := fleet.Check{
			Name: "web", Type: fleet.CheckHTTP, URL: "http://127.0.0.1:8080/", ExpectedBody: expected, BasicAuthUser: "probe",
		}
		if check.Validate() != nil {
			return
		}
		p := health.NewProber(health.Config{Timeout: 5 * time.Second, Rules: onLoopback, Redirects: 2})
		r := health.HTTPOver(t.Context(), p, check, "hunter2", func() net.Conn { return speaks(answer) })

		require.Less(t, r.Latency, 10*time.Second)
		require.True(t, r.Detail != "" && len(r.Detail) <= fleet.MaxDetail && utf8.ValidString(r.Detail))
		require.False(t, strings.ContainsFunc(r.Detail, unicode.IsControl), "%q", r.Detail)
		require.NotContains(t, r.Detail, "hunter2")
		if r.Healthy() {
			status, lines, body := readsAs(answer)
			require.True(t, status >= 200 && status <= 299)
			require.Contains(t, string(body), expected)
			require.LessOrEqual(t, lines, 512, "its headers are bounded")
		}
	})
}
