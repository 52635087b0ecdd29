package fleet

import "time"

// What a request may be authenticated with.
const (
	CredentialToken   = "token"
	CredentialSession = "session"
)

// Credential is what a caller was known by.
type Credential struct {
	Kind string // CredentialToken or CredentialSession
	ID   string // of the token or session
	// Method is how a session began: MethodPassword or MethodOIDC.
	Method string
	// ReadOnly is set for tokens without the scope to write: they change nothing, whatever their owner may.
	ReadOnly  bool
	ExpiresAt *time.Time // nil is never
}

// Scopes is what the credential may be used for, as people are told.
func (c Credential) Scopes() []string {
	if c.ReadOnly {
		return []string{ScopeRead}
	}
	return []string{ScopeRead, ScopeWrite}
}

// The scopes of tokens.
const (
	ScopeRead  = "read"
	ScopeWrite = "write"
)

// Refuse refuses what a credential may not be used for, whatever its owner may: tokens without the scope to write change
// nothing, and no token does what takes somebody who signed in.
func (c Credential) Refuse(changes, takesSession bool) error {
	if changes && c.ReadOnly {
		return Forbidden("read_only_token", "this token has no scope to change anything")
	}
	if takesSession && c.Kind != CredentialSession {
		return Forbidden("session_required", "only somebody who signed in may do this, and no token")
	}
	return nil
}
