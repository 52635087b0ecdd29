package health

import (
	"context"
	"net"
	"net/netip"
	"syscall"

	"github.com/patch-manager/patch-manager/fleet"
)

// dial connects as the rules for outbound requests let it. They judge the resolved address of each attempt right before
// it is made, so that the address that is judged is the one that is connected to, whatever a name answers next time.
func (p *Prober) dial(ctx context.Context, network, address string) (net.Conn, error) {
	around, err := p.surroundings.now(ctx)
	if err != nil {
		return nil, err
	}
	dialer := net.Dialer{
		Resolver:  p.resolver,
		KeepAlive: -1, // a check ends long before it would matter
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			return p.mayConnect(address, around)
		},
	}
	return dialer.DialContext(ctx, network, address)
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
