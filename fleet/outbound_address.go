package fleet

import (
	"net/netip"
	"slices"
)

// neverReached is what no request goes to, and why; the first entry that holds an address counts. Sources: the IANA
// registries of special-purpose addresses, and the clouds' documentation of their metadata services.
var neverReached = []struct {
	network netip.Prefix
	why     OutboundRefusal
}{
	{netip.MustParsePrefix("0.0.0.0/8"), RefusedUnspecified},
	{netip.MustParsePrefix("::/128"), RefusedUnspecified},

	{netip.MustParsePrefix("169.254.0.0/16"), RefusedLinkLocal}, // most clouds' metadata is at 169.254.169.254
	{netip.MustParsePrefix("fe80::/10"), RefusedLinkLocal},

	{netip.MustParsePrefix("100.100.100.200/32"), RefusedMetadata},     // Alibaba
	{netip.MustParsePrefix("168.63.129.16/32"), RefusedMetadata},       // Azure
	{netip.MustParsePrefix("192.0.0.192/32"), RefusedMetadata},         // Oracle
	{netip.MustParsePrefix("fd00:c1::a9fe:a9fe/128"), RefusedMetadata}, // Oracle
	{netip.MustParsePrefix("fd00:ec2::/32"), RefusedMetadata},          // Amazon, with its name and time servers
	{netip.MustParsePrefix("fd20:ce::254/128"), RefusedMetadata},       // Google
	{netip.MustParsePrefix("fd00:42::42/128"), RefusedMetadata},        // Scaleway

	{netip.MustParsePrefix("224.0.0.0/4"), RefusedMulticast},
	{netip.MustParsePrefix("ff00::/8"), RefusedMulticast},

	{netip.MustParsePrefix("192.0.0.0/24"), RefusedReserved},    // protocol assignments
	{netip.MustParsePrefix("192.0.2.0/24"), RefusedReserved},    // documentation
	{netip.MustParsePrefix("192.88.99.0/24"), RefusedReserved},  // relays of 6to4
	{netip.MustParsePrefix("198.18.0.0/15"), RefusedReserved},   // benchmarks
	{netip.MustParsePrefix("198.51.100.0/24"), RefusedReserved}, // documentation
	{netip.MustParsePrefix("203.0.113.0/24"), RefusedReserved},  // documentation
	{netip.MustParsePrefix("240.0.0.0/4"), RefusedReserved},     // with broadcast
	{netip.MustParsePrefix("2001:db8::/32"), RefusedReserved},   // documentation
	{netip.MustParsePrefix("3fff::/20"), RefusedReserved},       // documentation
}

// usableV6 is what is left of IPv6 for hosts; everything else is reserved. The translations are judged by what is inside.
var usableV6 = []netip.Prefix{
	netip.MustParsePrefix("::1/128"),
	netip.MustParsePrefix("2000::/3"),
	netip.MustParsePrefix("fc00::/7"),
	nat64, nat64Local,
}

var (
	nat64       = netip.MustParsePrefix("64:ff9b::/96")   // RFC 6052
	nat64Local  = netip.MustParsePrefix("64:ff9b:1::/48") // RFC 8215
	sixToFour   = netip.MustParsePrefix("2002::/16")      // RFC 3056
	teredo      = netip.MustParsePrefix("2001::/32")      // RFC 4380
	assignments = netip.MustParsePrefix("2001::/23")      // protocol assignments, Teredo among them
)

func never(a netip.Addr) OutboundRefusal {
	for _, n := range neverReached {
		if n.network.Contains(a) {
			return n.why
		}
	}
	switch {
	case a.Is4():
		return ""
	case !contains(usableV6, a), assignments.Contains(a) && !teredo.Contains(a):
		return RefusedReserved
	}
	return ""
}

// inside returns the IPv4 addresses that an IPv6 address stands for. Mapped ones were unmapped before, and the forms
// under ::/96 are reserved as they are.
func inside(a netip.Addr) []netip.Addr {
	if !a.Is6() {
		return nil
	}
	b := a.As16()
	var found []netip.Addr
	switch {
	case nat64.Contains(a):
		found = append(found, v4(b[12:]))
	case nat64Local.Contains(a):
		found = append(found, localNAT64(b)...)
	case sixToFour.Contains(a):
		found = append(found, v4(b[2:]))
	case teredo.Contains(a):
		// The server, and the client with its bits turned.
		found = append(found, v4(b[4:]), netip.AddrFrom4([4]byte{^b[12], ^b[13], ^b[14], ^b[15]}))
	}
	if isatap := b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe && b[8]&^0x03 == 0; isatap { // RFC 5214
		found = append(found, v4(b[12:]))
	}
	return found
}

// localNAT64 returns what an address may stand for whose network chose the length of its prefix itself (RFC 6052,
// section 2.2). A position that only zeros begin is not the one in use, unless all are alike.
func localNAT64(b [16]byte) []netip.Addr {
	all := []netip.Addr{
		netip.AddrFrom4([4]byte{b[6], b[7], b[9], b[10]}),
		netip.AddrFrom4([4]byte{b[7], b[9], b[10], b[11]}),
		v4(b[9:]), v4(b[12:]),
	}
	inUse := slices.DeleteFunc(slices.Clone(all), func(a netip.Addr) bool { return a.As4()[0] == 0 })
	if len(inUse) == 0 {
		return all[:1]
	}
	return inUse
}

func v4(b []byte) netip.Addr { return netip.AddrFrom4([4]byte(b)) }
