package realhost

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestEachUpgradeInTheLogOfDpkgIsOne(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 8, 21, 14, 0, time.UTC)
	require.Equal(t, []Upgrade{{at, "tzdata:all", "1", "2"}, {at.Add(time.Second), "libssl3:amd64", "3.0.20-1", "3.0.22-1"}}, parseDpkgLog(
		"2026-11-23 08:21:14 startup archives unpack\n"+
			"2026-11-23 08:21:14 upgrade tzdata:all 1 2\n"+
			"someday now upgrade tzdata:all 1 2\n"+
			"2026-11-23 08:21:14 install new:all <none> 2\n"+
			"2026-11-23 08:21:14 status installed upgrade:all 2\n"+
			"2026-11-23 08:21:15 upgrade libssl3:amd64 3.0.20-1 3.0.22-1\n"))
}

func TestWhatAptListsAsUpgradableIsTakenByName(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"apt"}, parseUpgradable("Listing...\napt/stable-security 2.6.2 amd64 [upgradable from: 2.6.1]\nx/now 1 all [installed]\n"))
	require.Empty(t, parseUpgradable("Listing...\n"))
}

const bookworm = "NAME=x\nVERSION_CODENAME=bookworm\nID=debian\n"

func TestTheGuestUsesTheMirrorsAndProxyOfThisMachine(t *testing.T) {
	t.Parallel()
	got := parseAptSetup(
		"Acquire::http::Proxy \"http://proxy.example:3128\";\nAcquire::Languages:: \"none\";\nAcquire::Check-Date \"false\";\nAPT::X \"1\";\n",
		"https://other.example/repo/ stable\nhttp://mirror.example/debian/ bookworm\nhttp://mirror.example/debian/ bookworm-updates\n"+
			"http://mirror.example/debian-security/ bookworm-security\ncdrom:[x]/ bookworm\nbad\n", bookworm)
	require.Equal(t, aptSetup{
		mirror: "http://mirror.example/debian", security: "http://mirror.example/debian-security", proxy: "http://proxy.example:3128",
		options: "Acquire::http::Proxy \"http://proxy.example:3128\";\nAcquire::Check-Date \"false\";\n",
	}, got)
	require.Equal(t, []string{"http_proxy=http://proxy.example:3128"}, got.environment())
}

func TestAMachineThatIsNotDebianLeavesDebiansOwnMirrors(t *testing.T) {
	t.Parallel()
	got := parseAptSetup("", "http://archive.example/ubuntu/ jammy\n", "NAME=x\nID=ubuntu\nVERSION_CODENAME=jammy\n")
	require.Equal(t, aptSetup{mirror: defaultMirror, security: defaultSecurity}, got)
	require.Empty(t, got.environment())
}

func TestAPackageIsInUseByTheLibrariesThatAreMapped(t *testing.T) {
	t.Parallel()
	running := libraries("7f-80 r-xp 0 fe:00 1 /usr/lib/x86_64-linux-gnu/libcrypto.so.3\n80-81 rw-p 0 00:00 0 [heap]\n81-82 r--p 0 fe:00 2 /etc/x\n")
	require.Equal(t, map[string]bool{"libcrypto.so.3": true}, running)
	require.True(t, ownsAny("/.\n/lib/x86_64-linux-gnu/libcrypto.so.3\n", running))
	require.False(t, ownsAny("/.\n/usr/bin/openssl\n", running))
}
