package health

import (
	"context"
	"net"
	"net/netip"

	"github.com/patch-manager/patch-manager/fleet"
)

// What is tested over readers and connections of any shape.
var (
	Contains          = contains
	GuardAnswer       = guardAnswer
	GuardCertificates = guardCertificates
	Paced             = paced
)

// GuardHandshake lets so many bytes of a handshake be read.
func GuardHandshake(conn net.Conn, left int) net.Conn { return &handshakeGuard{Conn: conn, left: left} }

// OnConnect tells do of every connection that a prober is about to make.
func OnConnect(p *Prober, do func(netip.AddrPort)) { p.connecting = do }

// ReadSurroundingsEachTime has a prober read its surroundings anew for each connection.
func ReadSurroundingsEachTime(p *Prober) { p.surroundings.age = -1 }

// HTTPOver is HTTP over the connections that dial makes, so that fuzzing uses up no ports.
func HTTPOver(ctx context.Context, p *Prober, check fleet.Check, password string, dial func() net.Conn) fleet.Result {
	return p.run(ctx, check, func(ctx context.Context) verdict {
		transport := p.transportFor(check)
		transport.DialContext = func(context.Context, string, string) (net.Conn, error) { return guardAnswer(dial()), nil }
		defer transport.CloseIdleConnections()
		return p.visit(ctx, visit{transport, check, password}, check.URL, 0)
	})
}
