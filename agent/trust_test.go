package agent_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/agent"
	"github.com/patch-manager/patch-manager/agent/agenttest"
	"github.com/patch-manager/patch-manager/fleet"
)

const spokenTo = "web-01.demo.internal"

// authority issues certificates of every kind, good and bad.
type authority struct {
	*testing.T
	pki  *agenttest.PKI
	cert *x509.Certificate
	key  any
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	dir := t.TempDir()
	pki, err := agenttest.NewPKI(dir)
	require.NoError(t, err)
	pair, err := tls.LoadX509KeyPair(pki.CAFile(), filepath.Join(dir, "ca-key.pem"))
	require.NoError(t, err)
	return authority{T: t, pki: pki, cert: pair.Leaf, key: pair.PrivateKey}
}

// issue makes the certificate of the host that is spoken to, changed.
func (a authority) issue(change func(*x509.Certificate)) tls.Certificate {
	a.Helper()
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	require.NoError(a, err)
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: spokenTo}, DNSNames: []string{spokenTo},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	change(template)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(a, err)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	require.NoError(a, err)
	leaf, err := x509.ParseCertificate(der)
	require.NoError(a, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func unchanged(*x509.Certificate) {}

// listener is an agent on a real socket that counts what it gets to read of requests, and can become another one.
type listener struct {
	net.Listener
	config            atomic.Pointer[tls.Config]
	bytes, handshakes atomic.Int64
	resumed, open     atomic.Int64

	mu    sync.Mutex
	conns []net.Conn
}

func listen(t *testing.T, config *tls.Config) *listener {
	t.Helper()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l := &listener{Listener: inner}
	l.config.Store(config)
	server := &http.Server{Handler: http.HandlerFunc(l.answer), ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	go server.Serve(l) //nolint:errcheck // it ends with ErrServerClosed
	t.Cleanup(func() { _ = server.Close() })
	return l
}

func (l *listener) Accept() (net.Conn, error) {
	raw, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	l.conns = append(l.conns, raw)
	l.mu.Unlock()
	l.open.Add(1)
	return &countedConn{Conn: tls.Server(raw, l.config.Load()), l: l}, nil
}

// cut ends every connection.
func (l *listener) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.conns {
		_ = c.Close()
	}
}

func (l *listener) answer(w http.ResponseWriter, r *http.Request) {
	data := `{"status":"healthy","uptime_seconds":90000,"version":"2.5.5","cache_status":"fresh"}`
	if r.Method == http.MethodPost {
		w.WriteHeader(http.StatusAccepted)
		data = `{"job_id":"7b1f2c9e-0d8f-4f53-9a51-6a9a5a9e7c11","status":"pending"}`
	}
	fmt.Fprintf(w, `{"success":true,"request_id":"7b1f2c9e-0d8f-4f53-9a51-6a9a5a9e7c10","timestamp":%q,"data":%s,"error":null}`,
		time.Now().UTC().Format(time.RFC3339), data)
}

// countedConn counts the bytes that a client sent after the handshake.
type countedConn struct {
	*tls.Conn
	l            *listener
	first, ended sync.Once
}

func (c *countedConn) Close() error {
	c.ended.Do(func() { c.l.open.Add(-1) })
	return c.Conn.Close()
}

func (c *countedConn) Read(b []byte) (int, error) {
	err := c.Handshake()
	c.first.Do(func() {
		if err == nil {
			c.l.handshakes.Add(1)
		}
		if c.ConnectionState().DidResume {
			c.l.resumed.Add(1)
		}
	})
	n, err := c.Conn.Read(b)
	c.l.bytes.Add(int64(n))
	return n, err
}

// manager is a client of the agent that listens.
func (a authority) manager(revocations agent.Revocations) *agent.Client {
	a.Helper()
	c, err := agent.NewClient(agent.Config{
		CAFile: a.pki.CAFile(), CertFile: a.pki.ClientCertFile(), KeyFile: a.pki.ClientKeyFile(), Timeout: 5 * time.Second,
		Revocations: revocations,
	})
	require.NoError(a, err)
	return c
}

func (l *listener) connect(t *testing.T, c *agent.Client) fleet.AgentConn {
	t.Helper()
	at := l.Addr().(*net.TCPAddr).AddrPort()
	conn := c.Connect(fleet.Endpoint{FQDN: spokenTo, Address: at.Addr().String(), Port: int(at.Port())})
	t.Cleanup(conn.Close)
	return conn
}

func serving(certificate tls.Certificate) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{certificate}, ClientAuth: tls.RequireAnyClientCert,
	}
}

// requireNothingIsSaid asks in every way there is, and holds that no byte of it arrived.
func requireNothingIsSaid(t *testing.T, l *listener, conn fleet.AgentConn) {
	t.Helper()
	before := l.bytes.Load()
	_, err := conn.Health(t.Context())
	require.ErrorIs(t, err, fleet.ErrAgentUnreachable)
	sent := conn.Apply(t.Context(), fleet.ApplyOrder{IdempotencyKey: "k", Packages: []string{"nginx"}})
	require.Equal(t, fleet.SendNotSent, sent.Outcome, sent.Detail)
	sent = conn.Reboot(t.Context(), fleet.RebootOrder{IdempotencyKey: "k"})
	require.Equal(t, fleet.SendNotSent, sent.Outcome, sent.Detail)
	require.Eventually(t, func() bool { return l.open.Load() == 0 }, 10*time.Second, time.Millisecond, "every connection is read to its end")
	require.Equal(t, before, l.bytes.Load())
}

func TestAWrongCertificateGetsNotOneByteOfARequest(t *testing.T) {
	t.Parallel()
	a, foreign := newAuthority(t), newAuthority(t)
	host := a.issue(unchanged)
	byAHost := authority{T: t, pki: a.pki, cert: host.Leaf, key: host.PrivateKey}.issue(unchanged)
	byAHost.Certificate = append(byAHost.Certificate, host.Certificate[0])
	old := serving(a.issue(unchanged))
	old.MinVersion, old.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
	for name, config := range map[string]*tls.Config{
		"another authority":          serving(foreign.issue(unchanged)),
		"self-signed":                serving(authority{T: t}.issue(unchanged)),
		"signed by a host":           serving(byAHost),
		"expired":                    serving(a.issue(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Second) })),
		"not yet valid":              serving(a.issue(func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Minute) })),
		"another name":               serving(a.issue(func(c *x509.Certificate) { c.DNSNames = []string{"web-02.demo.internal"} })),
		"a name above it":            serving(a.issue(func(c *x509.Certificate) { c.DNSNames = []string{"demo.internal", "*.internal"} })),
		"no name but the common one": serving(a.issue(func(c *x509.Certificate) { c.DNSNames = nil })),
		"only its address": serving(a.issue(func(c *x509.Certificate) {
			c.DNSNames, c.IPAddresses = nil, []net.IP{netip.MustParseAddr("127.0.0.1").AsSlice()}
		})),
		"for clients only": serving(a.issue(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} })),
		"TLS 1.2":          old,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := listen(t, config)
			requireNothingIsSaid(t, l, l.connect(t, a.manager(agenttest.NothingRevoked())))
			require.Zero(t, l.handshakes.Load(), "the manager does not even end the handshake")
		})
	}
	t.Run("the right one is spoken to", func(t *testing.T) {
		t.Parallel()
		l := listen(t, serving(host))
		conn := l.connect(t, a.manager(agenttest.NothingRevoked()))
		_, err := conn.Health(t.Context())
		require.NoError(t, err)
		read := l.bytes.Load()
		require.Positive(t, read)
		require.Equal(t, fleet.SendAccepted, conn.Apply(t.Context(), fleet.ApplyOrder{Packages: []string{"nginx"}}).Outcome)
		require.Greater(t, l.bytes.Load(), read)
	})
}

func TestAnAgentWithoutTLSSeesNothingOfARequest(t *testing.T) {
	t.Parallel()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	seen := make(chan []byte, 10)
	go func() {
		for {
			conn, err := inner.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
			got, _ := io.ReadAll(conn)
			seen <- got
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() { _ = inner.Close() })
	l := &listener{Listener: inner}
	requireNothingIsSaid(t, l, l.connect(t, newAuthority(t).manager(agenttest.NothingRevoked())))
	for range 3 {
		got := <-seen
		require.False(t, bytes.Contains(got, []byte("HTTP")) || bytes.Contains(got, []byte("nginx")), "%q", got)
	}
}

func TestARevokedCertificateGetsNotOneByteOfARequestAlsoOverAConnectionMadeBefore(t *testing.T) {
	t.Parallel()
	a, revocations := newAuthority(t), &agenttest.Revocations{}
	certificate := a.issue(unchanged)
	l := listen(t, serving(certificate))
	conn := l.connect(t, a.manager(revocations))
	_, err := conn.Health(t.Context())
	require.NoError(t, err)

	revocations.Revoke(certificate.Leaf.SerialNumber)
	requireNothingIsSaid(t, l, conn)
	requireNothingIsSaid(t, l, l.connect(t, a.manager(revocations)))

	l.config.Store(serving(a.issue(unchanged)))
	_, err = l.connect(t, a.manager(revocations)).Health(t.Context())
	require.NoError(t, err, "the host got another one")
}

func TestACertificateThatRunsOutGetsNoFurtherRequestOverAConnectionMadeBefore(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	certificate := a.issue(unchanged)
	l := listen(t, serving(certificate))
	manager := a.manager(agenttest.NothingRevoked())
	conn := l.connect(t, manager)
	agent.SetNow(manager, func() time.Time { return certificate.Leaf.NotAfter })
	_, err := conn.Health(t.Context())
	require.NoError(t, err, "its last second counts")
	agent.SetNow(manager, func() time.Time { return certificate.Leaf.NotAfter.Add(time.Second) })
	requireNothingIsSaid(t, l, conn)
}

func TestWhereNobodyKnowsWhatIsRevokedNothingIsSaid(t *testing.T) {
	t.Parallel()
	a, revocations := newAuthority(t), &agenttest.Revocations{}
	l := listen(t, serving(a.issue(unchanged)))
	conn := l.connect(t, a.manager(revocations))
	_, err := conn.Health(t.Context())
	require.NoError(t, err)

	revocations.Fail(errors.New("the database does not answer"))
	requireNothingIsSaid(t, l, conn)
	_, err = l.connect(t, a.manager(revocations)).Health(t.Context())
	require.ErrorIs(t, err, fleet.ErrAgentUnjudged)

	revocations.Fail(nil)
	_, err = l.connect(t, a.manager(revocations)).Health(t.Context())
	require.NoError(t, err)

	_, err = agent.NewClient(agent.Config{CAFile: a.pki.CAFile(), CertFile: a.pki.ClientCertFile(), KeyFile: a.pki.ClientKeyFile()})
	require.ErrorContains(t, err, "revoked certificates")
}

func TestASessionIsNeverResumedPastTheVerification(t *testing.T) {
	t.Parallel()
	a, foreign := newAuthority(t), newAuthority(t)
	ticketKey := [32]byte{1}
	good, bad := serving(a.issue(unchanged)), serving(foreign.issue(unchanged))
	for _, config := range []*tls.Config{good, bad} {
		config.SetSessionTicketKeys([][32]byte{ticketKey})
	}
	l := listen(t, good)
	conn := l.connect(t, a.manager(agenttest.NothingRevoked()))
	for range 3 {
		_, err := conn.Health(t.Context())
		require.NoError(t, err)
		require.Equal(t, fleet.SendAccepted, conn.Apply(t.Context(), fleet.ApplyOrder{Packages: []string{"nginx"}}).Outcome)
		l.cut()
	}
	l.config.Store(bad)
	requireNothingIsSaid(t, l, conn)
	require.Zero(t, l.resumed.Load())
}
