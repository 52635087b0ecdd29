package agent

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/patch-manager/patch-manager/fleet"
)

var (
	errTooLate = errors.New("the time to send by had passed")
	errSealed  = errors.New("the request was given up before it was written")
)

// guardedConn knows whether any byte of a request was handed to the connection, and decides at that very moment whether
// the first one still may be. The library writes in a goroutine of its own, which may come to it after the request was
// given up: giving up seals the connection, so that "nothing was written" stays true.
type guardedConn struct {
	net.Conn
	ctx    context.Context //nolint:containedctx // of the one request that the connection carries
	before time.Time
	now    func() time.Time

	mu      sync.Mutex
	started time.Time
	refusal error
}

func (g *guardedConn) Write(b []byte) (int, error) {
	if err := g.begin(); err != nil {
		return 0, err
	}
	return g.Conn.Write(b)
}

func (g *guardedConn) begin() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.refusal != nil || !g.started.IsZero() {
		return g.refusal
	}
	now := g.now()
	if !g.before.IsZero() && !now.Before(g.before) {
		g.refusal = errTooLate
		return g.refusal
	}
	if g.refusal = g.ctx.Err(); g.refusal == nil {
		g.started = now
	}
	return g.refusal
}

// failed is the result of a request that got no answer.
func (g *guardedConn) failed(err error) fleet.SendResult {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.started.IsZero() {
		if g.refusal == nil {
			g.refusal = errSealed
		} else {
			err = g.refusal
		}
		return notSent(err)
	}
	return fleet.SendResult{
		Outcome: fleet.SendUnknown,
		Detail:  fleet.Clip("no answer to the request: " + err.Error()),
		SentAt:  g.started,
	}
}

func (g *guardedConn) sentAt() time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.started
}
