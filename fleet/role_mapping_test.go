package fleet_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/patch-manager/patch-manager/fleet"
)

func TestRoleMappingsAreReadAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]fleet.RoleMapping{
		"ops=admin":                          {Claim: "ops", Role: fleet.RoleAdmin},
		"/ops/web=operator:Web servers":      {Claim: "/ops/web", Role: fleet.RoleOperator, Group: "Web servers"},
		"audit=viewer:a=b":                   {Claim: "audit", Role: fleet.RoleViewer, Group: "a=b"},
		"cn=ops,dc=example=admin":            {Claim: "cn=ops,dc=example", Role: fleet.RoleAdmin},
		"cn=ops=operator:web":                {Claim: "cn=ops", Role: fleet.RoleOperator, Group: "web"},
		strings.Repeat("c", 1024) + "=admin": {Claim: strings.Repeat("c", 1024), Role: fleet.RoleAdmin},
	} {
		got, err := fleet.ParseRoleMapping(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got)
	}
	for _, text := range []string{
		"", "ops", "ops=", "=admin", "ops=Admin", "ops=root", "ops=operator", "ops=operator:", "=viewer:web", "ops=viewer: web",
		" ops=admin", "ops\n=admin", "ops:admin", "ops=operator:" + strings.Repeat("g", 101), strings.Repeat("c", 1025) + "=admin",
	} {
		_, err := fleet.ParseRoleMapping(text)
		require.Error(t, err, text)
	}
}

func TestOnlyMappingsOfOwnGroupsApplyCaseIncluded(t *testing.T) {
	t.Parallel()
	admin := fleet.RoleMapping{Claim: "ops", Role: fleet.RoleAdmin}
	web := fleet.RoleMapping{Claim: "web", Role: fleet.RoleViewer, Group: "Web"}
	all := []fleet.RoleMapping{admin, web}
	require.Equal(t, []fleet.RoleMapping{web}, fleet.MatchRoles(all, []string{"Ops", "web", "web", "ops "}))
	require.Empty(t, fleet.MatchRoles(all, nil))
	require.Empty(t, fleet.MatchRoles(nil, []string{"ops"}))
}

func TestOfTwoRolesInOneGroupTheStrongerCounts(t *testing.T) {
	t.Parallel()
	for _, order := range [][]fleet.Role{{fleet.RoleViewer, fleet.RoleOperator}, {fleet.RoleOperator, fleet.RoleViewer}} {
		var g fleet.Grants
		require.True(t, g.None())
		for _, role := range order {
			g.Add("g", role)
		}
		require.Equal(t, map[string]fleet.Role{"g": fleet.RoleOperator}, g.Groups)
		require.False(t, g.None())
	}
	require.False(t, fleet.Grants{Admin: true}.None())
}

// TestMembershipsBySignOnFollowTheProviderAndThoseByHandStay carries plans out in random worlds.
func TestMembershipsBySignOnFollowTheProviderAndThoseByHandStay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		role := rapid.SampledFrom([]fleet.Role{fleet.RoleOperator, fleet.RoleViewer})
		have := map[string]fleet.HeldRole{}
		granted := map[string]fleet.Role{}
		for _, group := range []string{"a", "b", "c", "d"} {
			if rapid.Bool().Draw(r, "held") {
				have[group] = fleet.HeldRole{GroupID: group, Role: role.Draw(r, "role"), BySignOn: rapid.Bool().Draw(r, "by sign-on")}
			}
			if rapid.Bool().Draw(r, "granted") {
				granted[group] = role.Draw(r, "granted role")
			}
		}
		list := []fleet.HeldRole{}
		for _, m := range have {
			list = append(list, m)
		}
		put, remove := fleet.PlanRoles(list, granted)
		after := map[string]fleet.HeldRole{}
		for group, m := range have {
			after[group] = m
		}
		for _, group := range remove {
			require.True(t, after[group].BySignOn)
			delete(after, group)
		}
		for group, role := range put {
			require.NotEqual(t, fleet.HeldRole{GroupID: group, Role: role, BySignOn: true}, after[group], "nothing is written in vain")
			after[group] = fleet.HeldRole{GroupID: group, Role: role, BySignOn: true}
		}
		for group, m := range have {
			if !m.BySignOn {
				require.Equal(t, m, after[group])
			}
		}
		for group, m := range after {
			if m.BySignOn {
				require.Equal(t, granted[group], m.Role)
			}
		}
		for group := range granted {
			require.Contains(t, after, group)
		}
	})
}
