package fleet_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
)

func TestRightsAreWithinOthersThatLackNoneOfThem(t *testing.T) {
	t.Parallel()
	nobody, admin := fleet.Principal{}, fleet.Principal{Admin: true}
	viewer := fleet.Principal{Groups: map[string]fleet.Role{"a": fleet.RoleViewer}}
	operator := fleet.Principal{Groups: map[string]fleet.Role{"a": fleet.RoleOperator}}
	elsewhere := fleet.Principal{Groups: map[string]fleet.Role{"b": fleet.RoleOperator}}
	for _, c := range []struct {
		had, has fleet.Principal
		within   bool
	}{
		{nobody, nobody, true},
		{nobody, viewer, true},
		{viewer, viewer, true},
		{viewer, operator, true},
		{operator, operator, true},
		{operator, admin, true},
		{admin, admin, true},
		{viewer, nobody, false},
		{operator, viewer, false},
		{operator, elsewhere, false},
		{admin, operator, false},
		{admin, nobody, false},
	} {
		require.Equal(t, c.within, c.had.Within(c.has), "%v in %v", c.had, c.has)
	}
}
