package fleet_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
)

func TestAPasswordStaysOnlyWithTheSchemeHostAndPortThatItWasGivenFor(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		old, changed string
		stays        bool
	}{
		{"https://a.example.com/x", "https://a.example.com/y?z=1", true},
		{"https://a.example.com/", "https://A.EXAMPLE.com:443/", true},
		{"http://a.example.com:80/", "http://a.example.com/", true},
		{"https://bücher.example/", "https://bücher.example/x", true},
		{"https://[::1]/", "https://[::1]:443/", true},

		{"https://a.example.com/", "http://a.example.com:443/", false},
		{"https://a.example.com/", "https://a.example.com:80/", false},
		{"https://a.example.com/", "https://a.example.com:8443/", false},
		{"https://a.example.com/", "https://b.example.com/", false},
		{"https://a.example.com/", "https://a.example.com.evil.example/", false},
		{"https://a.example.com/", "https://evil.example/a.example.com/", false},
		{"https://a.example.com/", "https://evil.example?a.example.com/", false},
		{"https://a.example.com:8443/", "https://a.example.com/", false},
		// Names that look or fold alike and may lead elsewhere.
		{"https://intranet.example/", "https://İntranet.example/", false},
		{"https://ss.example/", "https://ß.example/", false},
		{"https://k.example/", "https://\u212a.example/", false},
		{"https://a.example/", "https://\u0430.example/", false},
		// Other ways to write the same name; who is not sure clears.
		{"https://a.example.com/", "https://a.example.com./", false},
		{"https://bücher.example/", "https://xn--bcher-kva.example/", false},
		{"https://a.example.com/", "https://a。example。com/", false},
		{"https://a.example.com/", "https://a.example.com:0443/", false},
		{"https://127.0.0.1/", "https://[::ffff:127.0.0.1]/", false},
		{"", "", false},
		{"::", "::", false},
	} {
		check := func(url string) fleet.Check {
			return fleet.Check{Type: fleet.CheckHTTP, URL: url, BasicAuthUser: "u"}
		}
		require.Equal(t, c.stays, fleet.MayKeepPassword(check(c.old), check(c.changed)), "%s to %s", c.old, c.changed)
		require.Equal(t, c.stays, fleet.MayKeepPassword(check(c.changed), check(c.old)), "%s to %s", c.changed, c.old)
	}
}

// Stored passwords are bound to these texts: another one here is a password that does not open.
func TestTheOriginOfAURLIsWrittenOneWayForGood(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"https://a.example.com":           "https://a.example.com:443",
		"HTTP://A.example.COM/x?y#z":      "http://a.example.com:80",
		"https://a.example.com:8443/":     "https://a.example.com:8443",
		"https://[2001:DB8::1]/":          "https://2001:db8::1:443",
		"https://bücher.example./":        "https://bücher.example.:443",
		"https://a.example@b.example:1/x": "https://b.example:1",
		"a.example.com/":                  "",
		"":                                "",
		"%":                               "",
	} {
		require.Equal(t, want, fleet.Origin(url), url)
	}
}
