package agent

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/patch-manager/patch-manager/fleet"
)

// SetNow gives c another clock.
func SetNow(c *Client, now func() time.Time) { c.now = now }

// Over is a conversation with whoever dial connects to, without TLS, so that fuzzing reaches what reads the answers.
func Over(dial func() net.Conn) *Conn {
	c := &Conn{
		client:   &Client{cfg: Config{Timeout: 5 * time.Second}, now: time.Now},
		endpoint: fleet.Endpoint{FQDN: "web-01.example.com", Port: DefaultPort},
	}
	c.reads = &http.Transport{
		DialTLSContext:         func(context.Context, string, string) (net.Conn, error) { return dial(), nil },
		MaxResponseHeaderBytes: maxHeaderBytes,
		DisableCompression:     true,
	}
	return c
}

// ApplyOn sends an apply on conn as Apply does on the connection that it dials.
func (c *Conn) ApplyOn(ctx context.Context, conn net.Conn) fleet.SendResult {
	return c.sendOn(ctx, conn, "/patches/apply", "key", []byte(`{"packages":["nginx"]}`), time.Time{})
}
