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

// RequireSession refuses what only somebody who signed in may do: a token that leaked must not outlive its revocation by
// changing a password.
func (c Caller) RequireSession() error {
	if c.Credential.Kind == CredentialSession {
		return nil
	}
	return Forbidden("session_required", "only somebody who signed in may do this, and no token")
}
