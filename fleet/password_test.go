package fleet_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
)

func TestAPasswordHasAtLeast12CharactersAtMost256BytesAndIsNotTheUsersName(t *testing.T) {
	t.Parallel()
	const user = "Ada of Lovelace"
	for _, good := range []string{strings.Repeat("x", 12), strings.Repeat("ü", 12), strings.Repeat("x", 256), "            ", user + "x"} {
		require.NoError(t, fleet.CheckPassword("password", good, user), good)
	}
	for bad, rule := range map[string]string{
		"": "12 characters", strings.Repeat("x", 11): "12 characters", strings.Repeat("ü", 11): "12 characters",
		strings.Repeat("x", 257): "256 bytes", strings.Repeat("ü", 129): "256 bytes",
		user: "name of the user", strings.ToUpper(user): "name of the user", "\xffxxxxxxxxxxxxx": "UTF-8",
	} {
		err := fleet.CheckPassword("password", bad, user)
		require.True(t, fleet.IsKind(err, fleet.KindInvalid), bad)
		require.ErrorContains(t, err, "password: ")
		require.ErrorContains(t, err, rule)
	}
}
