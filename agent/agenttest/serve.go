package agenttest

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"
)

// listeners are the two sockets of a host and what serves them.
type listeners struct {
	agent, web net.Listener
	servers    []*http.Server
}

func (l *listeners) agentAddr() netip.AddrPort { return l.agent.Addr().(*net.TCPAddr).AddrPort() }
func (l *listeners) webAddr() netip.AddrPort   { return l.web.Addr().(*net.TCPAddr).AddrPort() }

func (l *listeners) close() {
	for _, s := range l.servers {
		s.Close()
	}
}

// connection is what a handler knows of the connection a request came by.
type connection struct {
	accepted time.Time
	requests atomic.Int32
}

type connectionKey struct{}

func connectionOf(r *http.Request) *connection {
	c, _ := r.Context().Value(connectionKey{}).(*connection)
	return c
}

func (h *Host) listen(address netip.Addr) error {
	if !address.IsValid() {
		address = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	if !address.IsLoopback() {
		return fmt.Errorf("%s is not a loopback address", address)
	}
	var err error
	opts := h.fleet.opts
	if h.agent, err = net.Listen("tcp", netip.AddrPortFrom(address, opts.AgentPort).String()); err != nil {
		return err
	}
	h.serve(tls.NewListener(upListener{h.agent, h.up}, h.tlsConfig()), h.agentHandler())
	if h.spec.NoWeb {
		return nil
	}
	if h.web, err = net.Listen("tcp", netip.AddrPortFrom(address, opts.WebPort).String()); err != nil {
		return err
	}
	h.serve(upListener{h.web, h.booted}, http.HandlerFunc(h.page))
	return nil
}

func (h *Host) tlsConfig() *tls.Config {
	config := h.fleet.tls.Clone()
	config.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return h.certificate() }
	if h.spec.MaxTLS12 {
		config.MinVersion, config.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
	}
	usual := config.Clone()
	config.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return h.changedTLS(usual), nil }
	return config
}

// changedTLS is nil where the host talks as usual.
func (h *Host) changedTLS(usual *tls.Config) *tls.Config {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.changeTLS == nil {
		return nil
	}
	changed := usual.Clone()
	h.changeTLS(changed)
	return changed
}

// certificate is issued at the first connection: thousands of hosts would take seconds to start otherwise.
func (h *Host) certificate() (*tls.Certificate, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.spec.Certificate != nil {
		return h.spec.Certificate, nil
	}
	if h.cert != nil {
		return h.cert, nil
	}
	var err error
	h.cert, err = h.fleet.opts.PKI.Issue(Certificate{Name: h.spec.CertificateName, NotAfter: h.spec.CertificateNotAfter})
	return h.cert, err
}

func (h *Host) serve(l net.Listener, handler http.Handler) {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
		ConnContext: func(ctx context.Context, _ net.Conn) context.Context {
			return context.WithValue(ctx, connectionKey{}, &connection{accepted: h.fleet.opts.Now()})
		},
	}
	h.servers = append(h.servers, server)
	go server.Serve(l) //nolint:errcheck // it ends with ErrServerClosed
}

// upListener resets connections while the host does not answer.
type upListener struct {
	net.Listener
	up func() bool
}

func (l upListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil || l.up() {
			return conn, err
		}
		reset(conn)
	}
}

// booted reports whether the host is up.
func (h *Host) booted() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return !h.settle().Before(h.state.BootedAt)
}

// up reports whether the agent answers.
func (h *Host) up() bool {
	h.mu.Lock()
	away := h.away
	h.mu.Unlock()
	return !away && h.booted()
}

// knows reports whether c was made after the last boot and the last restart of the agent.
func (h *Host) knows(c *connection) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return !c.accepted.Before(h.state.BootedAt) && !c.accepted.Before(h.restartedAt)
}

// reset ends a connection the hard way.
func reset(conn net.Conn) {
	if t, ok := conn.(*tls.Conn); ok {
		conn = t.NetConn()
	}
	if t, ok := conn.(*net.TCPConn); ok {
		_ = t.SetLinger(0)
	}
	conn.Close()
}

// cut ends the connection of a request without an answer, or in the middle of one.
func cut(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		reset(conn)
	}
}

// page is the web page of the host. Whoever does not bring the password that it asks for learns nothing of its health.
func (h *Host) page(w http.ResponseWriter, r *http.Request) {
	if user, password, _ := r.BasicAuth(); h.spec.WebUser != "" && (user != h.spec.WebUser || password != h.spec.WebPassword) {
		w.Header().Set("WWW-Authenticate", `Basic realm="host"`)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	h.mu.Lock()
	broken := h.state.WebUnhealthy
	h.said(WebPage, !broken)
	h.mu.Unlock()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if broken {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintf(w, "<!doctype html><title>503</title><p>%s can not answer now\n", h.spec.FQDN)
		return
	}
	fmt.Fprintf(w, "<!doctype html><title>%[1]s</title><h1>Welcome to %[1]s</h1><p>OK %[1]s\n", h.spec.FQDN)
}
