package health

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"sync/atomic"
	"syscall"

	"github.com/patch-manager/patch-manager/fleet"
)

// dialPlain connects for an http URL.
func (p *Prober) dialPlain(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := p.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return guardAnswer(conn), nil
}

// dialTLS connects for an https URL.
func (p *Prober) dialTLS(ignoreCertErrors bool) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		conn, err := p.dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		guard := &handshakeGuard{Conn: conn, left: maxHandshake}
		secure := tls.Client(guard, &tls.Config{
			ServerName:         host,
			MinVersion:         tls.VersionTLS12,
			VerifyConnection:   guardCertificates,
			InsecureSkipVerify: ignoreCertErrors, //nolint:gosec // the operator's choice for this check, shown in the UI
		})
		if err := secure.HandshakeContext(ctx); err != nil {
			conn.Close()
			return nil, err
		}
		guard.done = true
		return guardAnswer(secure), nil
	}
}

// maxAddresses is how many addresses of a name are tried: a name can have thousands, and each try is a connection to
// wherever it says.
const maxAddresses = 8

var errAddresses = errors.New("more addresses than are tried")

// dial connects as the rules for outbound requests let it. They judge the resolved address of each attempt right before
// it is made, so that the address that is judged is the one that is connected to, whatever a name answers next time.
func (p *Prober) dial(ctx context.Context, network, address string) (net.Conn, error) {
	around, err := p.surroundings.now(ctx)
	if err != nil {
		return nil, err
	}
	var tries atomic.Int32
	dialer := net.Dialer{
		Resolver:  p.resolver,
		KeepAlive: -1, // a check ends long before it would matter
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			if tries.Add(1) > maxAddresses {
				return errAddresses
			}
			return p.mayConnect(address, around)
		},
	}
	conn, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return paced(conn), nil
}

func (p *Prober) mayConnect(address string, around fleet.Surroundings) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return barred(fleet.RefusedReserved) // no address that we know how to judge
	}
	if why := p.rules.Judge(to, around); why != "" {
		return barred(why)
	}
	p.connecting(to)
	return nil
}

func barred(why fleet.OutboundRefusal) error {
	return fleet.Forbidden("outbound_refused", "%s", why.Rule())
}
