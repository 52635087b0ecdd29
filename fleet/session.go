package fleet

import "time"

// How long sessions last.
const (
	// SessionIdle ends a session that nobody used for so long.
	SessionIdle = 30 * time.Minute
	// SessionLifetime ends every session so long after its beginning.
	SessionLifetime = 12 * time.Hour
	// SessionGrace is how long the token before a renewal still counts: the browser may have sent requests with it at the
	// same time as the one that was answered with the new token.
	SessionGrace = 10 * time.Second
	// DeviceMemory is how long a browser is remembered that a user signed in with.
	DeviceMemory = 180 * 24 * time.Hour
)

// How a session may begin.
const (
	MethodPassword = "password"
	MethodOIDC     = "oidc"
)

// MaxUserAgent bounds what is kept of what a browser calls itself, in characters.
const MaxUserAgent = 200

// SignIn begins a session of a user who has shown who they are.
type SignIn struct {
	UserID string
	Method string
	// PasswordHash is the one that the password was compared with: a session does not begin by a password that was changed
	// meanwhile. Empty for other methods.
	PasswordHash string
	UserAgent    string
	// Replaces is the token of a session of the same browser, which ends; may be empty.
	Replaces string
	// Device is the device token of the browser; the new one takes its place. May be empty.
	Device string
}

// NewSession is a session at the only moment at which its tokens can be read.
type NewSession struct {
	ID     string
	Token  string
	Device string // by which the browser is known at its next sign-in
}

// Session is one browser that a user signed in with.
type Session struct {
	ID         string
	Method     string
	CreatedAt  time.Time
	LastSeenAt time.Time
	ExpiresAt  time.Time
	RemoteAddr string
	UserAgent  string
}

// SessionFilter narrows a list of sessions; zero fields do not.
type SessionFilter struct {
	Before string // id that the page follows, since the latest come first
	Limit  int
}

// WrongCredentials is the one answer to a sign-in that fails, whatever the reason.
func WrongCredentials() error {
	return &Error{Kind: KindUnauthenticated, Code: ReasonWrongCredentials, Message: "the user or the password is wrong"}
}
