package secret_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/patch-manager/patch-manager/secret"
)

func TestPartsOfABindingCanNotBeSplitAnotherWay(t *testing.T) {
	t.Parallel()
	require.False(t, secret.SamePlace([]string{"ab", "c"}, []string{"a", "bc"}))
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(rapid.StringOfN(rapid.RuneFrom([]rune("ab\x00\x01")), 0, 4, -1), 0, 4)
		a, b := parts.Draw(t, "a"), parts.Draw(t, "b")
		require.Equal(t, slices.Equal(a, b), secret.SamePlace(a, b))
	})
}
