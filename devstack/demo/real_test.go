package demo

import (
	"testing"
	"time"

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

func TestNothingMayBeUpgradedWhileTheHostIsUnhealthy(t *testing.T) {
	t.Parallel()
	mended := time.Date(2026, 11, 23, 8, 0, 10, 900, time.UTC)
	at := func(d time.Duration) []realhost.Upgrade {
		return []realhost.Upgrade{{Package: "a:all", At: mended.Truncate(time.Second).Add(d)}}
	}
	require.NoError(t, judgeGate(mended, at(0)), "the log tells seconds only")
	require.ErrorContains(t, judgeGate(mended, at(-time.Second)), "before nginx was started")
}
