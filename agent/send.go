package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/patch-manager/patch-manager/fleet"
)

// Apply asks the agent to install packages. The reboot field stays out: its name differs between versions and its
// default is no.
func (c *Conn) Apply(ctx context.Context, o fleet.ApplyOrder) fleet.SendResult {
	if len(o.Packages) == 0 {
		return notSent(errors.New("no packages to apply"))
	}
	return c.send(ctx, "/patches/apply", o.IdempotencyKey, ApplyRequest{Packages: o.Packages}, o.SendBefore)
}

// Reboot asks the agent to reboot its host.
func (c *Conn) Reboot(ctx context.Context, o fleet.RebootOrder) fleet.SendResult {
	body := RebootRequest{DelaySeconds: int(o.Delay / time.Second)}
	return c.send(ctx, "/system/reboot", o.IdempotencyKey, body, o.SendBefore)
}

// send writes one request on a connection of its own. net/http repeats a request that carries an Idempotency-Key when a
// reused connection breaks; a connection that was never used before leaves it nothing to repeat on, and the missing
// GetBody nothing to repeat with.
func (c *Conn) send(ctx context.Context, path, key string, body any, before time.Time) fleet.SendResult {
	ctx, cancel := context.WithTimeout(ctx, c.client.cfg.Timeout)
	defer cancel()
	payload, err := json.Marshal(body)
	if err != nil {
		return notSent(err)
	}
	conn, err := c.dial(ctx)
	if err != nil {
		return notSent(err)
	}
	defer conn.Close()
	return c.sendOn(ctx, conn, path, key, payload, before)
}

// sendOn writes the request on conn, which was never used before, and judges what comes back.
func (c *Conn) sendOn(ctx context.Context, conn net.Conn, path, key string, payload []byte, before time.Time) fleet.SendResult {
	guarded := &guardedConn{Conn: conn, ctx: ctx, before: before, now: c.client.now}
	req := c.request(ctx, http.MethodPost, path)
	req.Header.Set("Content-Type", "application/json")
	if key != "" {
		req.Header.Set(IdempotencyHeader, key)
	}
	req.Body, req.ContentLength, req.GetBody = io.NopCloser(bytes.NewReader(payload)), int64(len(payload)), nil
	resp, err := oneShot(guarded).RoundTrip(req)
	if err != nil {
		return guarded.failed(err)
	}
	defer resp.Body.Close()
	result := classify(resp, c.client.now())
	result.SentAt = guarded.sentAt()
	return result
}

// oneShot carries exactly one request, on conn.
func oneShot(conn net.Conn) *http.Transport {
	var once sync.Once
	return &http.Transport{
		DialTLSContext: func(context.Context, string, string) (net.Conn, error) {
			err := errors.New("the connection was used already")
			once.Do(func() { err = nil })
			return conn, err
		},
		DisableKeepAlives:      true,
		DisableCompression:     true,
		MaxResponseHeaderBytes: maxHeaderBytes,
	}
}
