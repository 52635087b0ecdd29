package health_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/health"
)

func TestHeadersCountToTheirLimitAndNotOneByteOrLineMore(t *testing.T) {
	t.Parallel()
	// answer has at least so many bytes and exactly so many lines of headers.
	answer := func(bytes, lines int) string {
		head := "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
		for i := range lines - 4 {
			head += fmt.Sprintf("%x:\r\n", i)
		}
		rest := len("X:\r\n\r\n")
		return head + "X:" + strings.Repeat("x", max(0, bytes-len(head)-rest)) + "\r\n\r\nok"
	}
	at := answer(32<<10, 10)
	require.Len(t, at, 32<<10+len("ok"))
	require.Equal(t, fleet.OutcomeHealthy, probe(t, raw(t, at, false), "ok").Outcome)
	requireUnhealthy(t, probe(t, raw(t, answer(32<<10+1, 10), false), "ok"), "headers are longer than the limit")
	require.Equal(t, fleet.OutcomeHealthy, probe(t, raw(t, answer(0, 512), false), "ok").Outcome)
	requireUnhealthy(t, probe(t, raw(t, answer(0, 513), false), "ok"), "more headers than the limit")
}

func TestLinesOfInterimAnswersCountAndThoseOfTheBodyDoNot(t *testing.T) {
	t.Parallel()
	lines := func(n int) string { return strings.Repeat("X: y\r\n", n) }
	interim := "HTTP/1.1 103 Early Hints\r\n" + lines(253) + "\r\n" // 255 lines
	final := "HTTP/1.1 200 OK\r\n" + lines(254) + "Content-Length: 3000\r\n\r\n"
	body := "ok" + strings.Repeat("\n", 2998)
	require.Equal(t, fleet.OutcomeHealthy, probe(t, raw(t, interim+final+body, false), "ok\n").Outcome)
	requireUnhealthy(t, probe(t, raw(t, interim+"HTTP/1.1 200 OK\r\n"+lines(255)+"Content-Length: 3000\r\n\r\n"+body, false), "ok"), "more headers than the limit")
}

func TestABodyOnTheWireCountsToItsLimitHoweverLittleItSays(t *testing.T) {
	t.Parallel()
	const head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	chunks := func(n int) string { return head + strings.Repeat("1\r\nx\r\n", n) + "2\r\nok\r\n0\r\n\r\n" }
	const most = (96<<10 - len("2\r\nok\r\n0\r\n\r\n")) / len("1\r\nx\r\n")
	require.Equal(t, fleet.OutcomeHealthy, probe(t, raw(t, chunks(most), false), "ok").Outcome)
	requireUnhealthy(t, probe(t, raw(t, chunks(most+3), false), "ok"), "too little in too many bytes")
}

// Go's client writes what comes before the request to the log of the process.
func TestNothingIsReadBeforeTheRequestIsSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ours, server := net.Pipe()
		guarded := health.GuardAnswer(ours)
		var read atomic.Bool
		go func() {
			_, _ = guarded.Read(make([]byte, 10))
			read.Store(true)
		}()
		go func() { _, _ = io.WriteString(server, "HTTP/1.1 200 OK\r\n") }()
		synctest.Wait()
		require.False(t, read.Load())
		go func() { _, _ = guarded.Write([]byte("GET")) }()
		synctest.Wait()
		require.True(t, read.Load())
		require.NoError(t, guarded.Close())
		require.NoError(t, server.Close())
	})
}

func TestAConnectionThatIsClosedBeforeTheRequestEndsItsRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ours, server := net.Pipe()
		guarded := health.GuardAnswer(ours)
		failed := make(chan error, 1)
		go func() {
			_, err := guarded.Read(make([]byte, 10))
			failed <- err
		}()
		require.NoError(t, guarded.Close())
		require.Error(t, <-failed)
		require.NoError(t, server.Close())
	})
}

func TestAnAnswerInManySmallPiecesIsReadALittleLater(t *testing.T) {
	t.Parallel()
	for pieces, want := range map[int]time.Duration{33: 0, 34: 50 * time.Millisecond, 1033: 50 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			ours, server := net.Pipe()
			go func() {
				for range pieces {
					_, _ = server.Write([]byte("x"))
				}
			}()
			start := time.Now()
			_, err := io.ReadFull(health.Paced(ours), make([]byte, pieces))
			require.NoError(t, err)
			require.Equal(t, want, time.Since(start))
			require.NoError(t, server.Close())
		})
	}
}

func TestAHandshakeIsReadUpToItsBound(t *testing.T) {
	t.Parallel()
	for _, sent := range []int{99, 100, 101} {
		ours, server := net.Pipe()
		go func() {
			_, _ = server.Write(make([]byte, sent))
			_ = server.Close()
		}()
		got, err := io.ReadAll(health.GuardHandshake(ours, 100))
		require.Len(t, got, min(sent, 100))
		require.Equal(t, sent >= 100, err != nil, "what is exactly as long would have to go on")
	}
}

func TestCertificatesCountToTheirLimits(t *testing.T) {
	t.Parallel()
	chain := func(n, bytes, parts int) error {
		state := tls.ConnectionState{}
		for range n {
			state.PeerCertificates = append(state.PeerCertificates, &x509.Certificate{})
		}
		state.PeerCertificates[0].Raw = make([]byte, bytes)
		state.PeerCertificates[n-1].Subject.Names = make([]pkix.AttributeTypeAndValue, parts)
		return health.GuardCertificates(state)
	}
	require.NoError(t, chain(10, 16<<10, 500))
	require.Error(t, chain(11, 1, 1))
	require.Error(t, chain(1, 16<<10+1, 1))
	require.Error(t, chain(1, 1, 501))
}

func TestACertificateIsVerifiedForTheNameOfItsURL(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(body("ok"))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.StartTLS()
	t.Cleanup(server.Close)
	url := strings.Replace(server.URL, "127.0.0.1", "v4-127-0-0-1.test", 1)
	p := health.NewProber(health.Config{Timeout: 5 * time.Second, Rules: onLoopback, Resolver: (&nameServer{answers: written}).resolver(t)})
	result := p.HTTP(t.Context(), fleet.Check{URL: url, ExpectedBody: "ok"}, "")
	require.Equal(t, fleet.OutcomeUnhealthy, result.Outcome)
	require.Contains(t, result.Detail, "the certificate can not be verified")
	require.Equal(t, fleet.OutcomeHealthy, p.HTTP(t.Context(), fleet.Check{URL: url, ExpectedBody: "ok", IgnoreCertErrors: true}, "").Outcome)
}

func TestOfANameWithManyAddressesEightAreTried(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	port := l.Addr().(*net.TCPAddr).Port
	require.NoError(t, l.Close())
	for addresses, want := range map[int]int32{8: 8, 9: 8, 100: 8} {
		names := &nameServer{answers: func(string, int) []netip.Addr {
			list := make([]netip.Addr, addresses)
			for i := range list {
				list[i] = netip.AddrFrom4([4]byte{127, 0, 0, byte(i + 1)})
			}
			return list
		}}
		var tried atomic.Int32
		p := health.NewProber(health.Config{Timeout: 5 * time.Second, Rules: onLoopback, Resolver: names.resolver(t)})
		health.OnConnect(p, func(netip.AddrPort) { tried.Add(1) })
		requireUnhealthy(t, p.HTTP(t.Context(), fleet.Check{URL: fmt.Sprintf("http://many.test:%d/", port), ExpectedBody: "ok"}, ""), "no answer")
		require.Equal(t, want, tried.Load())
	}
}

func TestANameServerThatDoesNotAnswerTakesNoLongerThanTheCheck(t *testing.T) {
	t.Parallel()
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { silent.Close() })
	p := health.NewProber(health.Config{
		Timeout: 100 * time.Millisecond, Rules: onLoopback,
		Resolver: &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
			return net.Dial("udp", silent.LocalAddr().String())
		}},
	})
	r := p.HTTP(t.Context(), fleet.Check{URL: "http://slow.test/", ExpectedBody: "ok"}, "")
	requireUnhealthy(t, r, "within 100ms")
	require.Less(t, r.Latency, 2*time.Second)
}
