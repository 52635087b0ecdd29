package demo

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/devstack/realhost"
)

func TestEachPendingPackageMustBeUpgradedOnceAndNoneBeLeft(t *testing.T) {
	t.Parallel()
	a, b := realhost.Upgrade{Package: "a:amd64"}, realhost.Upgrade{Package: "b:all"}
	pending := []string{"a", "b"}
	require.NoError(t, judgeUpgrades(pending, nil, []realhost.Upgrade{b, a}))
	require.ErrorContains(t, judgeUpgrades(pending, nil, []realhost.Upgrade{a}), "b was not upgraded")
	require.ErrorContains(t, judgeUpgrades(pending, nil, []realhost.Upgrade{a, b, a}), "a was upgraded 2 times")
	require.ErrorContains(t, judgeUpgrades([]string{"a"}, nil, []realhost.Upgrade{a, b}), "b was upgraded and was not pending")
	require.ErrorContains(t, judgeUpgrades(pending, []string{"b"}, []realhost.Upgrade{a, b}), "apt still lists b")
}
