package fleet

import "slices"

// Role is what a user may do with the hosts of a group.
type Role string

// The roles. RoleAdmin is held by the user, the others in a group.
const (
	RoleAdmin    Role = "admin"
	RoleOperator Role = "operator"
	RoleViewer   Role = "viewer"
)

// Principal is an authenticated caller with the roles held at this moment.
type Principal struct {
	UserID string
	Name   string
	Admin  bool
	// Groups maps the id of each of the caller's groups to RoleOperator or RoleViewer.
	Groups map[string]Role
	// Credential is what the caller was known by.
	Credential Credential
}

// Scope is the part of the fleet that a query may touch; every query takes one.
type Scope struct {
	All    bool
	Groups []string
}

// Sees is the scope of what p may read.
func (p Principal) Sees() Scope { return p.scope(RoleOperator, RoleViewer) }

// Operates is the scope of what p may change.
func (p Principal) Operates() Scope { return p.scope(RoleOperator) }

func (p Principal) scope(roles ...Role) Scope {
	s := Scope{All: p.Admin, Groups: []string{}}
	for id, r := range p.Groups {
		if slices.Contains(roles, r) {
			s.Groups = append(s.Groups, id)
		}
	}
	slices.Sort(s.Groups)
	return s
}

// Within reports whether all that p may is part of what now allows.
func (p Principal) Within(now Principal) bool {
	if now.Admin {
		return true
	}
	for id, role := range p.Groups {
		if held := now.Groups[id]; held != role && held != RoleOperator {
			return false
		}
	}
	return !p.Admin
}

// Actor is who did a thing, for the audit entry.
type Actor struct {
	UserID     string
	Name       string
	RequestID  string
	RemoteAddr string
}
