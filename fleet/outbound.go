package fleet

import (
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
)

// OutboundRules says where the manager's requests may go that people choose the address of: its HTTP checks. The zero
// value allows nothing.
type OutboundRules struct {
	Ports []PortRange
	Allow OutboundAllow
}

// OutboundAllow is what an administrator lists: it lifts what is refused for being the manager's own, and nothing that is
// never reached.
type OutboundAllow struct {
	Networks  []netip.Prefix
	Endpoints []string // host:port, where the host is a name or an address
}

// PortRange is the ports from First to Last.
type PortRange struct{ First, Last uint16 }

// Surroundings is what the manager is and needs at the moment of a request.
type Surroundings struct {
	Own     []netip.Prefix   // the addresses of its interfaces
	Servers []netip.AddrPort // its database and Temporal
	Listed  []netip.AddrPort // where OutboundAllow.Endpoints lead
}

// OutboundRefusal is the rule that keeps a request from an address; empty where none does.
type OutboundRefusal string

// The rules. The last three are those that an administrator can lift.
const (
	RefusedPort        OutboundRefusal = "port"
	RefusedUnspecified OutboundRefusal = "unspecified"
	RefusedLinkLocal   OutboundRefusal = "link_local"
	RefusedMetadata    OutboundRefusal = "metadata"
	RefusedMulticast   OutboundRefusal = "multicast"
	RefusedReserved    OutboundRefusal = "reserved"
	RefusedLoopback    OutboundRefusal = "loopback"
	RefusedOwn         OutboundRefusal = "own"
	RefusedServer      OutboundRefusal = "server"
)

// Rule says the rule for people. It is the same for all that is the manager's own, so that nobody finds out by trying
// which address is what.
func (r OutboundRefusal) Rule() string {
	switch r {
	case RefusedPort:
		return "checks do not use this port (setting checks.ports)"
	case RefusedUnspecified:
		return "checks never reach unspecified addresses"
	case RefusedLinkLocal:
		return "checks never reach link-local addresses"
	case RefusedMetadata:
		return "checks never reach the metadata services of clouds"
	case RefusedMulticast:
		return "checks never reach multicast addresses"
	case RefusedReserved:
		return "checks never reach reserved addresses"
	}
	return "checks reach this address only where an administrator lists it (setting checks.allow)"
}

// Judge says which rule keeps a request from the address to. An IPv6 address that stands for an IPv4 one, in whatever
// translation, is judged by that one as well. A network that is listed lifts the rules about loopback and own addresses;
// the manager's servers are reached only where their very address and port are listed.
func (r OutboundRules) Judge(to netip.AddrPort, around Surroundings) OutboundRefusal {
	addr := to.Addr().WithZone("").Unmap()
	to = netip.AddrPortFrom(addr, to.Port())
	if !r.allowsPort(to.Port()) {
		return RefusedPort
	}
	forms := append([]netip.Addr{addr}, inside(addr)...)
	for _, form := range forms {
		if why := never(form); why != "" {
			return why
		}
	}
	if slices.Contains(around.Listed, to) {
		return ""
	}
	return r.judgeOwn(to, forms, around)
}

func (r OutboundRules) judgeOwn(to netip.AddrPort, forms []netip.Addr, around Surroundings) OutboundRefusal {
	for _, form := range forms {
		if slices.Contains(around.Servers, netip.AddrPortFrom(form, to.Port())) {
			return RefusedServer
		}
	}
	if contains(r.Allow.Networks, to.Addr()) {
		return ""
	}
	for _, form := range forms {
		if form.IsLoopback() {
			return RefusedLoopback
		}
		if contains(around.Own, form) {
			return RefusedOwn
		}
	}
	return ""
}

func (r OutboundRules) allowsPort(port uint16) bool {
	return slices.ContainsFunc(r.Ports, func(p PortRange) bool { return p.First <= port && port <= p.Last })
}

func contains(networks []netip.Prefix, a netip.Addr) bool {
	return slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(a) })
}

// CheckURL refuses a URL that could only be refused later: one with a port or a literal address that no check may use.
// What a name leads to is known, and judged, when it is dialled.
func (r OutboundRules) CheckURL(raw string) error {
	u, err := url.Parse(raw)
	if err != nil {
		return Invalid("url", "must be a valid URL")
	}
	port, err := strconv.ParseUint(effectivePort(u), 10, 16)
	if err != nil || !r.allowsPort(uint16(port)) {
		return Invalid("url", "%s", RefusedPort.Rule())
	}
	addr, err := netip.ParseAddr(u.Hostname())
	if err != nil {
		return nil //nolint:nilerr // a name
	}
	to := netip.AddrPortFrom(addr.WithZone("").Unmap(), uint16(port))
	var around Surroundings
	if r.Allow.mayList(to) {
		around.Listed = []netip.AddrPort{to}
	}
	if why := r.Judge(to, around); why != "" {
		return Invalid("url", "%s", why.Rule())
	}
	return nil
}

// mayList reports whether to is an endpoint that is listed, or may be once the names of endpoints are resolved.
func (a OutboundAllow) mayList(to netip.AddrPort) bool {
	return slices.ContainsFunc(a.Endpoints, func(endpoint string) bool {
		host, port, _ := net.SplitHostPort(endpoint)
		addr, err := netip.ParseAddr(host)
		return port == strconv.Itoa(int(to.Port())) && (err != nil || addr.Unmap() == to.Addr())
	})
}
