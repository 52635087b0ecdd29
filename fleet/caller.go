package fleet

// Caller is a principal together with where the request came from.
type Caller struct {
	Principal
	RequestID  string
	RemoteAddr string
}

// Actor is the caller as an audit entry names it.
func (c Caller) Actor() Actor {
	return Actor{UserID: c.UserID, Name: c.Name, RequestID: c.RequestID, RemoteAddr: c.RemoteAddr}
}

// RequireAdmin refuses callers who are not administrators.
func (c Caller) RequireAdmin() error {
	if c.Admin {
		return nil
	}
	return Forbidden("admin_required", "only administrators may do this")
}

// Holds reports whether s covers at least one of groups, which makes a thing of these groups part of it.
func (s Scope) Holds(groups []string) bool {
	if s.All {
		return true
	}
	for _, g := range groups {
		if s.HoldsGroup(g) {
			return true
		}
	}
	return false
}

// HoldsGroup reports whether s covers the group.
func (s Scope) HoldsGroup(id string) bool {
	if s.All {
		return true
	}
	for _, g := range s.Groups {
		if g == id {
			return true
		}
	}
	return false
}
