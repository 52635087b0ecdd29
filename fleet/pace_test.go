package fleet_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/patch-manager/patch-manager/fleet"
)

func TestASweepIsSpreadOverFourFifthsOfItsIntervalAndEndsBeforeTheNext(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	p := fleet.NewPace(start, 5*time.Minute, 240)
	require.Equal(t, start, p.Turn(0))
	require.Equal(t, start.Add(4*time.Minute-time.Second), p.Turn(239))
	require.Equal(t, start.Add(5*time.Minute-5*time.Second), p.End)
}

func TestTheMarginBeforeTheNextSweepIsATenthOfAShortInterval(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	for interval, margin := range map[time.Duration]time.Duration{
		2 * time.Second: 200 * time.Millisecond, 50 * time.Second: 5 * time.Second, 51 * time.Second: 5 * time.Second,
		time.Hour: 5 * time.Second,
	} {
		require.Equal(t, start.Add(interval-margin), fleet.NewPace(start, interval, 10).End)
	}
}

func TestEveryHostOfAShardHasItsTurnInOrderAndBeforeTheEnd(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		hosts := rapid.IntRange(0, 5000).Draw(t, "hosts")
		interval := time.Duration(rapid.Int64Range(int64(time.Second), int64(time.Hour)).Draw(t, "interval"))
		start := time.Unix(rapid.Int64Range(0, 1<<32).Draw(t, "start"), 0)
		p := fleet.NewPace(start, interval, hosts)
		for n := range hosts {
			require.False(t, p.Turn(n).Before(start))
			require.True(t, n == 0 || !p.Turn(n).Before(p.Turn(n-1)))
			require.True(t, p.Turn(n).Before(p.End))
		}
	})
}
