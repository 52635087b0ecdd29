package fleet

import "time"

// TokenPrefix begins every API token, so that people and secret scanners recognise one.
const TokenPrefix = "pm_"

// TokenRequest asks for an API token of a user, who is made where the name is new.
type TokenRequest struct {
	User string
	// Admin makes the user an administrator; an existing administrator stays one without it.
	Admin bool
	// Roles are given to the user besides those held; a key is the id or the name of a group.
	Roles     map[string]Role
	Name      string // what the token is for
	ExpiresAt *time.Time
}

// NewToken is a token at the only moment at which it can be read.
type NewToken struct {
	ID     string
	UserID string
	Secret string
}
