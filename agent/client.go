package agent

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/patch-manager/patch-manager/fleet"
)

// The bounds of a request where Config does not say.
const (
	DefaultTimeout     = 30 * time.Second
	DefaultDialTimeout = 5 * time.Second
)

// maxHeaderBytes bounds the headers of an answer.
const maxHeaderBytes = 32 << 10

// dialMemory is how long a failed dial stands for the next one: the five checks of a dead host cost one timeout.
const dialMemory = time.Second

// Config says how agents are reached.
type Config struct {
	CAFile, CertFile, KeyFile string        // PEM; read again when they change
	Revocations               Revocations   // must be given
	Timeout                   time.Duration // of one request, its dial included; 0 means DefaultTimeout
	DialTimeout               time.Duration // of TCP and TLS together; 0 means DefaultDialTimeout
	Logger                    *slog.Logger  // nil means slog.Default()
}

// Client speaks to the agents of the fleet. It is safe for concurrent use.
type Client struct {
	cfg         Config
	credentials *credentials
	now         func() time.Time
}

// NewClient reads the credentials and fails when they can not be used.
func NewClient(cfg Config) (*Client, error) {
	if cfg.Revocations == nil {
		return nil, errors.New("make agent client: who knows the revoked certificates must be given")
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = DefaultTimeout
	}
	if cfg.DialTimeout <= 0 {
		cfg.DialTimeout = DefaultDialTimeout
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	credentials, err := newCredentials(cfg)
	if err != nil {
		return nil, err
	}
	return &Client{cfg: cfg, credentials: credentials, now: time.Now}, nil
}

// Connect makes a handle on the agent of one host. Nothing is dialled before the first request; Close must be called.
func (c *Client) Connect(e fleet.Endpoint) fleet.AgentConn {
	if e.Address == "" {
		e.Address = e.FQDN
	}
	if e.Port == 0 {
		e.Port = DefaultPort
	}
	conn := &Conn{client: c, endpoint: e}
	conn.reads = &http.Transport{
		DialTLSContext:         conn.dialRead,
		MaxConnsPerHost:        1,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: maxHeaderBytes,
		DisableCompression:     true,
	}
	return conn
}

// Conn is the conversation with one agent; see fleet.AgentConn.
type Conn struct {
	client   *Client
	endpoint fleet.Endpoint
	reads    *http.Transport

	mu       sync.Mutex
	kept     *tls.Conn // the connection of reads, open or not; nil before the first
	notAfter *time.Time
	failed   error
	failedAt time.Time
}

// CertificateNotAfter is when the agent's certificate expires; nil before the first connection.
func (c *Conn) CertificateNotAfter() *time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.notAfter
}

// Close ends the connection.
func (c *Conn) Close() { c.reads.CloseIdleConnections() }

// host is the authority of every URL: the name in the certificate, not the address that is dialled.
func (c *Conn) host() string { return net.JoinHostPort(c.endpoint.FQDN, strconv.Itoa(c.endpoint.Port)) }

func (c *Conn) dialRead(ctx context.Context, _, _ string) (net.Conn, error) {
	if err := c.recentFailure(); err != nil {
		return nil, err
	}
	conn, err := c.dial(ctx)
	if err != nil {
		if ctx.Err() == nil {
			c.rememberFailure(err)
		}
		return nil, err
	}
	c.mu.Lock()
	c.kept = conn
	c.mu.Unlock()
	return conn, nil
}

// dial makes a connection over which requests may go: what is not trusted ends the handshake, before the manager has
// shown its own certificate.
func (c *Conn) dial(ctx context.Context) (*tls.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, c.client.cfg.DialTimeout)
	defer cancel()
	config := c.client.credentials.forHost(c.endpoint.FQDN)
	config.Time = c.client.now
	config.VerifyConnection = func(s tls.ConnectionState) error { return c.client.trusts(ctx, s.PeerCertificates[0]) }
	dialer := tls.Dialer{NetDialer: &net.Dialer{}, Config: config}
	address := net.JoinHostPort(c.endpoint.Address, strconv.Itoa(c.endpoint.Port))
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", address, err)
	}
	tlsConn := conn.(*tls.Conn) // what tls.Dialer is documented to return
	notAfter := tlsConn.ConnectionState().PeerCertificates[0].NotAfter
	c.mu.Lock()
	c.notAfter, c.failed = &notAfter, nil
	c.mu.Unlock()
	return tlsConn, nil
}

func (c *Conn) recentFailure() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failed != nil && c.client.now().Sub(c.failedAt) < dialMemory {
		return c.failed
	}
	return nil
}

func (c *Conn) rememberFailure(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failed, c.failedAt = err, c.client.now()
}
