package fleet

import (
	"net/url"
	"strings"
	"time"
)

// CheckView is a check as a caller sees it, without its password. Last is nil before the first result.
type CheckView struct {
	Check
	HasPassword bool
	Last        *CheckState
}

// Stale reports whether the last result is too old to say how things are. A disabled check is not asked, so that its
// result is never late.
func (v CheckView) Stale(ages ResultAges) bool {
	return v.Enabled && v.Last != nil && ages.Stale(&v.Last.CheckedAt)
}

// CheckUpdate replaces a check. KeepPassword asks for the stored password to stay, which it does only where
// MayKeepPassword allows.
type CheckUpdate struct {
	Check
	KeepPassword bool
}

// MayKeepPassword reports whether a stored password may stay when a check changes from old to new. A password goes to
// the scheme, host and port that it was given for and nowhere else: who may edit a URL must not thereby read it.
func MayKeepPassword(old, changed Check) bool {
	return changed.Type == CheckHTTP && changed.BasicAuthUser != "" && SameOrigin(old.URL, changed.URL)
}

// SameOrigin reports whether two URLs surely have the same scheme, host and port. Two ways to write one name may count as
// two hosts, never the other way round.
func SameOrigin(a, b string) bool {
	return Origin(a) != "" && Origin(a) == Origin(b)
}

// Origin is the scheme, host and port of a URL with the port made explicit; empty where it is no URL. Stored passwords are
// bound to it (package secret): what it answers must not change.
func Origin(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + lowerASCII(u.Hostname()) + ":" + effectivePort(u)
}

// effectivePort is the port that a URL leads to; empty where neither it nor its scheme says.
func effectivePort(u *url.URL) string {
	if port := u.Port(); port != "" {
		return port
	}
	return map[string]string{"http": "80", "https": "443"}[u.Scheme]
}

// lowerASCII leaves every other letter alone: the rules for names differ from those for texts, so that an I with a dot
// would become the same letter here and another host there.
func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + ('a' - 'A')
		}
		return r
	}, s)
}

// SameProbe reports whether two checks ask the same thing in the same way, so that a result of one says what the other's
// would have been. Passwords are not compared.
func SameProbe(a, b Check) bool {
	return a.Type == b.Type && a.ServiceName == b.ServiceName && a.URL == b.URL && a.ExpectedBody == b.ExpectedBody &&
		a.IgnoreCertErrors == b.IgnoreCertErrors && a.BasicAuthUser == b.BasicAuthUser
}

// ResultFilter asks for the results of a check, the newest first, from Since on and, where Before is set, before it.
type ResultFilter struct {
	Since  time.Time
	Before *time.Time
	Limit  int
}
