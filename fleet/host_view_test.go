package fleet_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
)

func TestAResultIsStaleOnceItIsOlderThanTwoPolls(t *testing.T) {
	t.Parallel()
	now := monday(t, "10:00")
	ages := fleet.AgesAt(now, 5*time.Minute, 96*time.Hour)
	limit, past := now.Add(-10*time.Minute), now.Add(-10*time.Minute-1)
	require.False(t, ages.Stale(&now))
	require.False(t, ages.Stale(&limit))
	require.True(t, ages.Stale(&past))
	require.False(t, ages.Stale(nil), "what never was can not be too old")

	check := fleet.CheckView{Check: fleet.Check{Enabled: true}, Last: &fleet.CheckState{Result: fleet.Result{CheckedAt: past}}}
	require.True(t, check.Stale(ages))
	check.Enabled = false
	require.False(t, check.Stale(ages), "nobody asks a disabled check")
	require.False(t, fleet.CheckView{Check: fleet.Check{Enabled: true}}.Stale(ages))
}
