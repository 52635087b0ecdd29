package fleet

import (
	"errors"
	"time"
)

// SetupLifetime is how long a code counts by which the first administrator can be made.
const SetupLifetime = 24 * time.Hour

// MaxUserName bounds the name of a user, in characters.
const MaxUserName = 100

// User is a person or program with rights. The password's hash is not part of it.
type User struct {
	ID          string
	Name        string
	DisplayName string
	Admin       bool
	DisabledAt  *time.Time // nil while the user may sign in
	HasPassword bool
	CreatedAt   time.Time
	LastLoginAt *time.Time  // nil before the first sign-in
	SignOn      *UserSignOn // nil for who never came by single sign-on
}

// UserSignOn is who a user is to the identity provider.
type UserSignOn struct {
	Issuer  string
	Subject string
	Admin   bool // an administrator by the groups there, and not by hand
}

// UserInput is what is sent of a user.
type UserInput struct {
	Name        string
	DisplayName string
	Admin       bool
	Disabled    bool
	// PasswordHash is set for a new user who signs in by password, and empty otherwise.
	PasswordHash string
}

// Validate returns every broken rule of what is sent of a user, joined.
func (in UserInput) Validate() error {
	return errors.Join(
		CheckName("name", in.Name, MaxUserName),
		CheckText("display_name", in.DisplayName, MaxDisplayName, false),
	)
}

// Account is what a sign-in is judged by; without an id there is no such user.
type Account struct {
	UserID string
	Name   string
	// NameKey is the name that was asked for as accounts are told apart by: names with one key reach one account, whether
	// there is one or not.
	NameKey      string
	PasswordHash string // empty for who signs in otherwise, or not at all, as who is disabled
	// KnownDevice says that the browser signed in as this user before.
	KnownDevice bool
}

// Membership is the role of a user in a group, with the group's name.
type Membership struct {
	GroupID string
	Group   string
	Role    Role
}

// Member is a user with the role in a group.
type Member struct {
	UserID      string
	Name        string
	DisplayName string
	Role        Role
	BySignOn    bool // by the groups at the identity provider, and not by hand
}

// UserFilter narrows a list of users; zero fields do not.
type UserFilter struct {
	Text  string // part of the name or display name
	After string // the name that the page follows
	Limit int
}
