package fleet

import (
	"errors"
	"slices"
	"strings"
)

// RoleMapping gives everybody in a group of the identity provider a role here.
type RoleMapping struct {
	Claim string // the group as the provider names it
	Role  Role
	Group string // id or name of the group of ours that the role is held in; empty for RoleAdmin
}

// Arrival is somebody who came back from the identity provider, which has said who it is.
type Arrival struct {
	Identity
	Mappings  []RoleMapping
	SessionID string // of SignOn
	UserAgent string
}

// errRoleMapping is the rule of a mapping.
var errRoleMapping = errors.New("must be <claim group>=admin, <claim group>=operator:<group> or <claim group>=viewer:<group>")

// ParseRoleMapping reads `<claim group>=admin`, `<claim group>=operator:<group>` or `<claim group>=viewer:<group>`. The
// group of the provider may hold equals signs, as a distinguished name does.
func ParseRoleMapping(text string) (RoleMapping, error) {
	if claim, ok := strings.CutSuffix(text, "=admin"); ok {
		return RoleMapping{Claim: claim, Role: RoleAdmin}, CheckName("claim group", claim, 1024)
	}
	for _, role := range []Role{RoleOperator, RoleViewer} {
		at := strings.LastIndex(text, "="+string(role)+":")
		if at < 0 {
			continue
		}
		m := RoleMapping{Claim: text[:at], Role: role, Group: text[at+len(role)+2:]}
		return m, errors.Join(CheckName("claim group", m.Claim, 1024), CheckName("group", m.Group, 100))
	}
	return RoleMapping{}, errRoleMapping
}

// MatchRoles returns the mappings that apply to somebody in groups. Names are compared as they are, case included.
func MatchRoles(mappings []RoleMapping, groups []string) []RoleMapping {
	var matching []RoleMapping
	for _, m := range mappings {
		if slices.Contains(groups, m.Claim) {
			matching = append(matching, m)
		}
	}
	return matching
}

// Grants is what somebody is by the identity provider: an administrator, and roles in groups by their ids.
type Grants struct {
	Admin  bool
	Groups map[string]Role
}

// None reports whether nothing is granted at all.
func (g Grants) None() bool { return !g.Admin && len(g.Groups) == 0 }

// Add grants a role in a group; of two roles in one group the stronger counts.
func (g *Grants) Add(group string, role Role) {
	if g.Groups == nil {
		g.Groups = map[string]Role{}
	}
	if g.Groups[group] != RoleOperator {
		g.Groups[group] = role
	}
}

// HeldRole is a role of a user in a group, given by hand or by signing on.
type HeldRole struct {
	GroupID  string
	Role     Role
	BySignOn bool
}

// PlanRoles brings the roles that came by signing on in line with what is granted now. Those given by hand
// stay as they are, in groups that the provider grants a role in, too.
func PlanRoles(have []HeldRole, granted map[string]Role) (put map[string]Role, remove []string) {
	put = map[string]Role{}
	for group, role := range granted {
		put[group] = role
	}
	for _, m := range have {
		role, still := granted[m.GroupID]
		if !m.BySignOn || still && role == m.Role {
			delete(put, m.GroupID)
		}
		if m.BySignOn && !still {
			remove = append(remove, m.GroupID)
		}
	}
	slices.Sort(remove)
	return put, remove
}
