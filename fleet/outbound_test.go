package fleet_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/patch-manager/patch-manager/fleet"
)

func outboundRules(t *testing.T, allow string) fleet.OutboundRules {
	t.Helper()
	ports, err := fleet.ParsePorts("80,443,1024-65535")
	require.NoError(t, err)
	allowed, err := fleet.ParseOutboundAllow(allow)
	require.NoError(t, err)
	return fleet.OutboundRules{Ports: ports, Allow: allowed}
}

var surroundings = fleet.Surroundings{
	Own:     []netip.Prefix{netip.MustParsePrefix("10.0.0.4/32"), netip.MustParsePrefix("2a00::4/128"), netip.MustParsePrefix("10.9.0.0/16")},
	Servers: []netip.AddrPort{netip.MustParseAddrPort("10.0.0.5:5432"), netip.MustParseAddrPort("127.0.0.1:7233")},
	Listed:  []netip.AddrPort{netip.MustParseAddrPort("10.0.0.4:9000"), netip.MustParseAddrPort("169.254.169.254:80")},
}

func TestWhereARequestMayGo(t *testing.T) {
	t.Parallel()
	for why, addresses := range map[fleet.OutboundRefusal][]string{
		// Each range at its ends, and what lies right outside of it below, where nothing is refused.
		fleet.RefusedUnspecified: {"0.0.0.0", "0.255.255.255", "::", "::ffff:0.0.0.0"},
		fleet.RefusedLinkLocal: {
			"169.254.0.0", "169.254.169.254", "169.254.255.255", "fe80::", "fe80::1%eth0", "febf:ffff::1", "::ffff:169.254.169.254",
			"64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1", "2001:0:a9fe:a9fe::1", "2001:0:808:808::5601:5601",
			"2a00::5efe:a9fe:a9fe", "2a00::200:5efe:a9fe:a9fe", "fd00::5efe:169.254.169.254",
			"64:ff9b:1:a9fe:a9:fe00::", "64:ff9b:1:a9:fe:a9fe::", "64:ff9b:1:0:a9:fea9:fe00:0", "64:ff9b:1::a9fe:a9fe",
		},
		fleet.RefusedMetadata: {
			"100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "fd00:c1::a9fe:a9fe",
			"fd00:42::42", "64:ff9b::6464:64c8",
		},
		fleet.RefusedMulticast: {"224.0.0.0", "239.255.255.255", "ff00::", "ff02::1", "64:ff9b::e000:1"},
		fleet.RefusedReserved: {
			"192.0.0.0", "192.0.0.255", "192.0.2.0", "192.0.2.255", "192.88.99.1", "198.18.0.0", "198.19.255.255", "198.51.100.7",
			"203.0.113.7", "240.0.0.0", "255.255.255.255", "2001:db8::1", "3fff::1", "3fff:fff::1", "100::1", "fec0::1", "5f00::1",
			"::2", "::127.0.0.1", "::a9fe:a9fe", "::ffff:0:127.0.0.1", "64:ff9b:2::1", "2001:2::1", "2001:1ff::1",
		},
		fleet.RefusedLoopback: {
			"127.0.0.0", "127.0.0.1", "127.255.255.255", "::1", "::ffff:127.0.0.1", "64:ff9b::127.0.0.1", "2002:7f00:1::",
			"2001:0:808:808::80ff:fffe", "2a00::5efe:127.0.0.1", "64:ff9b:1::7f00:1",
		},
		fleet.RefusedOwn: {"10.0.0.4", "::ffff:10.0.0.4", "2a00::4", "10.9.0.0", "10.9.255.255", "64:ff9b::a00:4"},
		"": {
			"1.0.0.0", "8.8.8.8", "10.0.0.3", "10.255.255.255", "172.16.0.1", "192.168.1.1", "100.64.0.1", "100.100.100.199", "100.100.100.201",
			"126.255.255.255", "128.0.0.0", "169.253.255.255", "169.255.0.0", "168.63.129.15", "191.255.255.255", "192.0.1.0", "192.0.3.0",
			"198.17.255.255", "198.20.0.0", "223.255.255.255", "2a00::5", "2606:4700::1111", "fd00:ec1:ffff::1", "fd00:ec3::", "fdab::1",
			"2001:200::1", "2001:db7::1", "2001:db9::1", "64:ff9b::808:808", "64:ff9b:1::a00:1", "2002:808:808::1", "2001:0:808:808::f7f7:f7f7",
		},
	} {
		for _, a := range addresses {
			got := outboundRules(t, "").Judge(netip.AddrPortFrom(netip.MustParseAddr(a), 8080), surroundings)
			require.Equal(t, why, got, a)
		}
	}
}

func TestWhatAnAdministratorListsIsReachedAndNothingThatIsNever(t *testing.T) {
	t.Parallel()
	judge := func(allow, to string) fleet.OutboundRefusal {
		return outboundRules(t, allow).Judge(netip.MustParseAddrPort(to), surroundings)
	}
	require.Equal(t, fleet.RefusedLoopback, judge("127.0.77.0/24", "127.0.76.255:8080"))
	require.Empty(t, judge("127.0.77.0/24", "127.0.77.0:8080"))
	require.Empty(t, judge("127.0.77.0/24", "[::ffff:127.0.77.255]:8080"))
	require.Equal(t, fleet.RefusedLoopback, judge("127.0.77.0/24", "127.0.78.0:8080"))
	require.Empty(t, judge("::1/128", "[::1]:8080"))
	require.Empty(t, judge("10.0.0.0/8", "10.0.0.4:8080"))
	require.Empty(t, judge("", "10.0.0.4:9000"), "by its endpoint")
	require.Equal(t, fleet.RefusedOwn, judge("", "10.0.0.4:9001"), "at another port")
	require.Equal(t, fleet.RefusedLoopback, judge("127.0.0.0/8", "[64:ff9b::7f00:1]:8080"), "which another machine translates")
	// A network is not the way to a server of the manager's, nor are all the networks there are to what is never reached.
	require.Equal(t, fleet.RefusedServer, judge("10.0.0.0/8", "10.0.0.5:5432"))
	require.Equal(t, fleet.RefusedServer, judge("127.0.0.0/8", "127.0.0.1:7233"))
	require.Equal(t, fleet.RefusedServer, judge("", "[64:ff9b::a00:5]:5432"))
	require.Empty(t, judge("", "10.0.0.5:5433"))
	everything := "0.0.0.0/0,::/0"
	require.Equal(t, fleet.RefusedLinkLocal, judge(everything, "169.254.169.254:80"), "not even where it is listed")
	require.Equal(t, fleet.RefusedMetadata, judge(everything, "[fd00:ec2::254]:80"))
	require.Equal(t, fleet.RefusedUnspecified, judge(everything, "0.0.0.0:80"))
	require.Equal(t, fleet.RefusedPort, judge(everything, "8.8.8.8:22"))
	require.Empty(t, judge(everything, "127.0.0.1:80"))
}

func TestTheServersOfTheManagerAreReachedOnlyWhereTheyAreListedThemselves(t *testing.T) {
	t.Parallel()
	to := netip.MustParseAddrPort("10.0.0.5:5432")
	around := fleet.Surroundings{Servers: []netip.AddrPort{to}}
	require.Equal(t, fleet.RefusedServer, outboundRules(t, "").Judge(to, around))
	around.Listed = []netip.AddrPort{to}
	require.Empty(t, outboundRules(t, "").Judge(to, around))
}

func TestPortsAreAllowedAtTheirLimitsAndNotOnePast(t *testing.T) {
	t.Parallel()
	for port, want := range map[uint16]fleet.OutboundRefusal{
		0: fleet.RefusedPort, 1: fleet.RefusedPort, 79: fleet.RefusedPort, 80: "", 81: fleet.RefusedPort, 442: fleet.RefusedPort, 443: "",
		444: fleet.RefusedPort, 1023: fleet.RefusedPort, 1024: "", 65535: "",
	} {
		require.Equal(t, want, outboundRules(t, "").Judge(netip.AddrPortFrom(netip.MustParseAddr("8.8.8.8"), port), surroundings), port)
	}
	require.Equal(t, fleet.RefusedPort, fleet.OutboundRules{}.Judge(netip.MustParseAddrPort("8.8.8.8:80"), surroundings), "the zero value allows nothing")
}

func TestEveryTranslationIsJudgedByTheAddressInside(t *testing.T) {
	t.Parallel()
	rules := outboundRules(t, "")
	rapid.Check(t, func(r *rapid.T) {
		b := [4]byte(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(r, "address"))
		inside := netip.AddrFrom4(b)
		judge := func(a netip.Addr) fleet.OutboundRefusal { return rules.Judge(netip.AddrPortFrom(a, 80), surroundings) }
		want := judge(inside)
		form := func(prefix string, at int, turned bool) netip.Addr {
			a := netip.MustParseAddr(prefix).As16()
			for i := range b {
				a[at+i] = b[i]
				if turned {
					a[at+i] = ^b[i]
				}
			}
			return netip.AddrFrom16(a)
		}
		require.Equal(r, want, judge(form("::ffff:0:0", 12, false)))
		require.Equal(r, want, judge(form("64:ff9b::", 12, false)))
		require.Equal(r, want, judge(form("2002::1", 2, false)))
		require.Equal(r, want, judge(form("2001:0:808:808::", 12, true)))
		require.Equal(r, want, judge(form("2a00::5efe:0:0", 12, false)))
		if b[0] != 0 {
			require.Equal(r, want, judge(form("64:ff9b:1::", 12, false)))
		}
	})
}

func TestWhatIsTheManagersOwnIsNotToldApart(t *testing.T) {
	t.Parallel()
	require.Equal(t, fleet.RefusedLoopback.Rule(), fleet.RefusedOwn.Rule())
	require.Equal(t, fleet.RefusedLoopback.Rule(), fleet.RefusedServer.Rule())
	require.NotEqual(t, fleet.RefusedLoopback.Rule(), fleet.RefusedLinkLocal.Rule())
}

func TestAURLIsRefusedAtOnceForItsPortOrItsAddress(t *testing.T) {
	t.Parallel()
	for url, rule := range map[string]string{
		"http://web.example.com:81/":         "port",
		"https://web.example.com:22/":        "port",
		"http://web.example.com:1023/":       "port",
		"http://127.0.0.1/":                  "administrator lists",
		"http://[::1]:8080/":                 "administrator lists",
		"http://[::ffff:127.0.0.1]/":         "administrator lists",
		"http://169.254.169.254/latest/":     "link-local",
		"http://[fe80::1%25eth0]/":           "link-local",
		"http://[64:ff9b::169.254.169.254]/": "link-local",
		"http://0.0.0.0/":                    "unspecified",
		"http://[::]/":                       "unspecified",
		"http://[fd00:ec2::254]/":            "metadata",
		"http://224.0.0.1/":                  "multicast",
		"http://192.0.2.1/":                  "reserved",
		"https://web.example.com/":           "",
		"https://web.example.com:1024/":      "",
		"http://10.0.0.1:8080/":              "",
		"http://127.0.0.1:9000/":             "",
		"http://localhost/":                  "",
	} {
		err := outboundRules(t, "127.0.0.1:9000").CheckURL(url)
		if rule == "" {
			require.NoError(t, err, url)
			continue
		}
		var invalid *fleet.Error
		require.ErrorAs(t, err, &invalid, url)
		require.Equal(t, fleet.KindInvalid, invalid.Kind)
		require.Equal(t, "url", invalid.Field)
		require.Contains(t, invalid.Message, rule, url)
	}
	require.NoError(t, outboundRules(t, "localhost:9000").CheckURL("http://127.0.0.1:9000/"), "where localhost may lead")
	require.Error(t, outboundRules(t, "localhost:9000").CheckURL("http://127.0.0.1:9001/"))
	require.NoError(t, outboundRules(t, "127.0.77.0/24").CheckURL("http://127.0.77.1/"))
}

func TestListsOfPortsAndOfWhatIsAllowedAreReadOrRefused(t *testing.T) {
	t.Parallel()
	ports, err := fleet.ParsePorts("1, 80,8000-8001,65535-65535")
	require.NoError(t, err)
	require.Equal(t, []fleet.PortRange{{First: 1, Last: 1}, {First: 80, Last: 80}, {First: 8000, Last: 8001}, {First: 65535, Last: 65535}}, ports)
	for _, wrong := range []string{"", "0", "65536", "80,", "-", "80-", "-80", "90-80", "0-80", "80-65536", "x", "80 443", "+80", "80-90-100"} {
		_, err := fleet.ParsePorts(wrong)
		require.Error(t, err, wrong)
	}
	allow, err := fleet.ParseOutboundAllow("127.0.77.9/24, ::1/128,db.internal:5432,[::1]:80,10.0.0.1:8080")
	require.NoError(t, err)
	require.Equal(t, fleet.OutboundAllow{
		Networks:  []netip.Prefix{netip.MustParsePrefix("127.0.77.0/24"), netip.MustParsePrefix("::1/128")},
		Endpoints: []string{"db.internal:5432", "[::1]:80", "10.0.0.1:8080"},
	}, allow)
	for _, wrong := range []string{",", "127.0.0.1", "127.0.0.1/33", "localhost", "localhost:", ":80", "localhost:0", "localhost:65536", "::1:80", "http://h:80"} {
		_, err := fleet.ParseOutboundAllow(wrong)
		require.Error(t, err, wrong)
	}
	allow, err = fleet.ParseOutboundAllow(" ")
	require.NoError(t, err)
	require.Empty(t, allow)
}
