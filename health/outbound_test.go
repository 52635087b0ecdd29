package health_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/health"
)

// trick is a line of testdata/tricks.tsv.
type trick struct{ url, direct, redirected string }

func tricks(t *testing.T) []trick {
	t.Helper()
	text, err := os.ReadFile("testdata/tricks.tsv")
	require.NoError(t, err)
	var list []trick
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		columns := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		require.GreaterOrEqual(t, len(columns), 2, line)
		one := trick{columns[1], columns[0], columns[0]}
		if len(columns) == 3 {
			one.redirected = columns[2]
		}
		list = append(list, one)
	}
	return list
}

// firingRange is where the tricks are played: a server at 127.0.77.1, which is allowed, and at the same port of addresses that
// are not, one that counts who comes.
type firingRange struct {
	port, server int
	forbidden    atomic.Int32 // connections that must not be
	allowed      atomic.Int32
	dialled      atomic.Int32 // connections that the rules let be made, to wherever
	location     sync.Map     // of the redirect at /redirect/<id>
	prober       *health.Prober
}

func newRange(t *testing.T) *firingRange {
	t.Helper()
	r := &firingRange{}
	r.port = r.listen(t)
	server, err := net.Listen("tcp", "127.0.77.9:0")
	require.NoError(t, err)
	r.refuse(t, server)
	r.server = server.Addr().(*net.TCPAddr).Port
	ports, err := fleet.ParsePorts("80,443,1024-65535")
	require.NoError(t, err)
	r.prober = health.NewProber(health.Config{
		Timeout: 5 * time.Second, Redirects: 5, Resolver: (&nameServer{answers: written}).resolver(t),
		Servers: []string{fmt.Sprintf("v4-127-0-77-9.test:%d", r.server)},
		Rules: fleet.OutboundRules{
			Ports: ports, Allow: fleet.OutboundAllow{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.77.0/24")}},
		},
	})
	health.OnConnect(r.prober, func(netip.AddrPort) { r.dialled.Add(1) })
	return r
}

// listen opens one port at all three addresses.
func (r *firingRange) listen(t *testing.T) int {
	t.Helper()
	for range 20 {
		allowed, err := net.Listen("tcp", "127.0.77.1:0")
		require.NoError(t, err)
		port := allowed.Addr().(*net.TCPAddr).Port
		v4, err4 := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		v6, err6 := net.Listen("tcp", fmt.Sprintf("[::1]:%d", port))
		if err4 != nil {
			allowed.Close()
			continue
		}
		r.refuse(t, v4)
		if err6 == nil {
			r.refuse(t, v6)
		}
		server := httptest.NewUnstartedServer(http.HandlerFunc(r.answer))
		server.Listener.Close()
		server.Listener = allowed
		server.Start()
		t.Cleanup(server.Close)
		return port
	}
	require.Fail(t, "no port is free at all addresses")
	return 0
}

// refuse counts who connects to l, and answers as a check would like it.
func (r *firingRange) refuse(t *testing.T, l net.Listener) {
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "secret of the inside: ok") })}
	t.Cleanup(func() { server.Close() })
	go server.Serve(countingListener{l, &r.forbidden}) //nolint:errcheck // ends with the test
}

type countingListener struct {
	net.Listener
	count *atomic.Int32
}

func (l countingListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err == nil {
		l.count.Add(1)
	}
	return conn, err
}

func (r *firingRange) answer(w http.ResponseWriter, req *http.Request) {
	r.allowed.Add(1)
	if to, ok := r.location.Load(req.URL.Path); ok {
		w.Header()["Location"] = []string{to.(string)}
		w.WriteHeader(http.StatusFound)
		return
	}
	fmt.Fprint(w, "ok")
}

func (r *firingRange) fill(text string) string {
	return strings.NewReplacer("{p}", fmt.Sprint(r.port), "{s}", fmt.Sprint(r.server)).Replace(text)
}

func (r *firingRange) probe(t *testing.T, address string) fleet.Result {
	t.Helper()
	return r.prober.HTTP(t.Context(), fleet.Check{URL: address, ExpectedBody: "ok", IgnoreCertErrors: true}, "")
}

// require holds what became of a URL to what has to, where so many connections to allowed addresses led to it.
func (r *firingRange) require(t *testing.T, want, url string, result fleet.Result, dialled int32) {
	t.Helper()
	require.Zero(t, r.forbidden.Load(), "%s: a connection was made that must not be", url)
	require.NotContains(t, result.Detail, "secret")
	if want == "reached" {
		require.Equal(t, fleet.OutcomeHealthy, result.Outcome, "%s: %s", url, result.Detail)
		return
	}
	require.NotEqual(t, fleet.OutcomeHealthy, result.Outcome, url)
	require.Equal(t, dialled, r.dialled.Load(), "%s: what must not be reached was dialled: %s", url, result.Detail)
	if want == "url" {
		require.Regexp(t, "can not be requested|no check may have|to nowhere", result.Detail, url)
		return
	}
	require.Equal(t, fleet.OutcomeError, result.Outcome, "%s: %s", url, result.Detail)
	require.Equal(t, "not carried out: "+fleet.OutboundRefusal(want).Rule(), result.Detail, url)
}

func TestNoTrickReachesAForbiddenAddress(t *testing.T) {
	t.Parallel()
	r := newRange(t)
	list := tricks(t)
	require.GreaterOrEqual(t, len(list), 60)
	for _, one := range list {
		r.dialled.Store(0)
		r.require(t, one.direct, one.url, r.probe(t, r.fill(one.url)), 0)
	}
}

func TestNoRedirectReachesAForbiddenAddress(t *testing.T) {
	t.Parallel()
	r := newRange(t)
	for i, one := range tricks(t) {
		first := fmt.Sprintf("/redirect/%d", i)
		r.location.Store(first, r.fill(one.url))
		r.dialled.Store(0)
		r.require(t, one.redirected, one.url, r.probe(t, fmt.Sprintf("http://127.0.77.1:%d%s", r.port, first)), 1)
	}
}

func TestNoRedirectBehindOtherRedirectsReachesAForbiddenAddress(t *testing.T) {
	t.Parallel()
	r := newRange(t)
	for hop := range 4 {
		r.location.Store(fmt.Sprintf("/hop/%d", hop), fmt.Sprintf("/hop/%d", hop+1))
	}
	r.location.Store("/hop/4", r.fill("http://127.0.0.1:{p}/"))
	r.require(t, "loopback", "the last of the hops", r.probe(t, r.fill("http://127.0.77.1:{p}/hop/0")), 5)
}

func TestThisMachinesOwnAddressesAreNotReached(t *testing.T) {
	t.Parallel()
	interfaces, err := net.InterfaceAddrs()
	require.NoError(t, err)
	require.NotEmpty(t, interfaces)
	r := newRange(t)
	for _, a := range interfaces {
		own := netip.MustParsePrefix(a.String()).Addr()
		result := r.probe(t, (&url.URL{Scheme: "http", Host: netip.AddrPortFrom(own, 8080).String()}).String())
		require.Equal(t, fleet.OutcomeError, result.Outcome, result.Detail)
		require.Contains(t, result.Detail, "not carried out")
		require.Zero(t, r.dialled.Load())
	}
}

// A name that answers another way the second time gains nothing: one answer is judged, and that one is connected to.
func TestAThousandNamesThatAnswerDifferentlyTheSecondTimeReachNothingForbidden(t *testing.T) {
	t.Parallel()
	r := newRange(t)
	allowed, forbidden := netip.MustParseAddr("127.0.77.1"), netip.MustParseAddr("127.0.0.1")
	server := &nameServer{answers: func(name string, n int) []netip.Addr {
		switch {
		case strings.HasPrefix(name, "both"):
			return []netip.Addr{forbidden, allowed}
		case n%2 == 1:
			return []netip.Addr{allowed}
		}
		return []netip.Addr{forbidden}
	}}
	prober := health.NewProber(health.Config{
		Timeout: 10 * time.Second, Resolver: server.resolver(t), Rules: fleet.OutboundRules{
			Ports: []fleet.PortRange{{First: 1, Last: 65535}},
			Allow: fleet.OutboundAllow{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.77.0/24")}},
		},
	})
	var reached, refused atomic.Int32
	var wg sync.WaitGroup
	next := make(chan int)
	for range 16 {
		wg.Go(func() {
			for i := range next {
				kind := []string{"turns", "both"}[i%2]
				check := fleet.Check{URL: fmt.Sprintf("http://%s-%d.test:%d/", kind, i, r.port), ExpectedBody: "ok"}
				for range 2 {
					switch result := prober.HTTP(t.Context(), check, ""); result.Outcome {
					case fleet.OutcomeHealthy:
						reached.Add(1)
					case fleet.OutcomeError:
						refused.Add(1)
					default:
						t.Error(result.Detail)
					}
				}
			}
		})
	}
	for i := range 1000 {
		next <- i
	}
	close(next)
	wg.Wait()
	require.Zero(t, r.forbidden.Load(), "a connection was made that must not be")
	require.EqualValues(t, 1500, reached.Load(), "each of those that answer with both twice, each of the others once")
	require.EqualValues(t, 500, refused.Load())
}
