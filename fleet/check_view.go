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

// CheckUpdate replaces a check. KeepPassword asks for the stored password to stay, which it does only where
// MayKeepPassword allows.
type CheckUpdate struct {
	Check
	KeepPassword bool
}

// MayKeepPassword reports whether a stored password may stay when a check changes from old to new. A password goes to
// the scheme, host and port that it was given for and nowhere else: who may edit a URL must not thereby read it.
func MayKeepPassword(old, changed Check) bool {
	return changed.Type == CheckHTTP && changed.BasicAuthUser != "" && origin(old.URL) != "" && origin(old.URL) == origin(changed.URL)
}

// origin is the scheme, host and port of a URL with the port made explicit; empty where it is no URL.
func origin(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return ""
	}
	scheme, port := strings.ToLower(u.Scheme), u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[scheme]
	}
	return scheme + "://" + strings.ToLower(u.Hostname()) + ":" + port
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
