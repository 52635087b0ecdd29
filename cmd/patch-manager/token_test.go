package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
)

func TestATokenOfAnAdminHasNoGroupAndOneOfOthersHas(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

	admin, err := tokenFlags{user: "ada", role: "admin"}.request(now)
	require.NoError(t, err)
	require.True(t, admin.Admin)
	require.Nil(t, admin.ExpiresAt)

	operator, err := tokenFlags{user: "ci", role: "operator", group: "Web", expiresIn: time.Hour}.request(now)
	require.NoError(t, err)
	require.Equal(t, map[string]fleet.Role{"Web": fleet.RoleOperator}, operator.Roles)
	require.Equal(t, now.Add(time.Hour), *operator.ExpiresAt)

	for flag, bad := range map[string]tokenFlags{
		"--role":       {user: "ada", role: "root"},
		"--group":      {user: "ada", role: "viewer"},
		"--expires-in": {user: "ada", role: "admin", expiresIn: -time.Second},
	} {
		_, err := bad.request(now)
		require.ErrorContains(t, err, flag)
	}
	_, err = tokenFlags{user: "ada", role: "admin", group: "Web"}.request(now)
	require.ErrorContains(t, err, "--group")
}
