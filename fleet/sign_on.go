package fleet

import (
	"net/url"
	"path"
	"strings"
	"time"
)

// SignOnLifetime is how long a person has to come back from the identity provider.
const SignOnLifetime = 10 * time.Minute

// SignOn is one attempt to sign in through the identity provider: what has to be known again when the browser comes
// back. It is used once.
type SignOn struct {
	State    string // names the attempt in the provider's answer
	Browser  string // held by the browser that began; another one can not end the attempt
	Nonce    string // ties the ID token to the attempt
	Verifier string // of PKCE: ties the code to the attempt
	ReturnTo string // a path of ours
	// SessionID is the session that the browser had when it left; it ends when the attempt succeeds. May be empty.
	SessionID string
}

// SignOnAnswer is what the identity provider sends the browser back with.
type SignOnAnswer struct {
	Code   string
	Issuer string // RFC 9207; empty where the provider sends none
	Error  string
}

// Identity is who the identity provider says somebody is. Issuer and Subject tell people apart; Name is only shown.
type Identity struct {
	Issuer  string
	Subject string
	Name    string
	Groups  []string // as the provider names them
}

// maxReturnTo bounds the path to return to, in bytes.
const maxReturnTo = 1024

// CheckReturnTo holds where a browser goes after signing in to pages of ours. What browsers, proxies or servers read in
// different ways is refused: other hosts in any notation, backslashes, doubled slashes, dot segments and control
// characters, encoded ones too. Below /api/ there are no pages, and signing in again there would never end.
func CheckReturnTo(to string) error {
	u, err := url.ParseRequestURI(to)
	plain := err == nil && len(to) <= maxReturnTo && !strings.Contains(to, " ") && u.Scheme == "" && u.Host == ""
	// Decoded twice, since something on the way may decode what we send once more.
	if !plain || !isPage(to) || !isPage(u.Path) || !isPage(unescaped(u.Path)) {
		return Invalid("return_to", "must be the path of a page here, such as /hosts?health=unhealthy")
	}
	return nil
}

// isPage reports whether everything reads target as the path of a page of this host.
func isPage(target string) bool {
	p, _, _ := strings.Cut(target, "?")
	return strings.HasPrefix(p, "/") && p != "//" && (p == "/" || path.Clean(p) == strings.TrimSuffix(p, "/")) &&
		!strings.ContainsAny(target, "\\#") && CheckText("", target, maxReturnTo, false) == nil &&
		!strings.HasPrefix(strings.ToLower(p)+"/", "/api/")
}

// unescaped is p with its percent-encoding taken off once more, or p where it has none that is well-formed.
func unescaped(p string) string {
	if plain, err := url.PathUnescape(p); err == nil {
		return plain
	}
	return p
}
