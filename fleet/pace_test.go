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
	p := fleet.NewPace(start, 5*time.Minute, 240, 0, start)
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
		require.Equal(t, start.Add(interval-margin), fleet.NewPace(start, interval, 10, 0, start).End)
	}
}

func TestWhoComesLateSpreadsWhatIsLeftOverTheTimeThatIsLeft(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		done        int
		after       time.Duration
		first, last time.Duration // of the turns that are left
	}{
		"in time":              {120, 2 * time.Minute, 2 * time.Minute, 239 * time.Second},
		"early":                {120, time.Minute, 2 * time.Minute, 239 * time.Second},
		"a minute behind":      {60, 2 * time.Minute, 2 * time.Minute, 2*time.Minute + 140*time.Second*179/180},
		"near the end of it":   {0, 235 * time.Second, 235 * time.Second, 235*time.Second + 48*time.Second*239/240},
		"after the end of all": {0, 10 * time.Minute, 10 * time.Minute, 10 * time.Minute},
		"all but one are done": {239, 250 * time.Second, 250 * time.Second, 250 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := fleet.NewPace(start, 5*time.Minute, 240, c.done, start.Add(c.after))
			require.Equal(t, c.first, p.Turn(c.done).Sub(start))
			require.InDelta(t, c.last, p.Turn(239).Sub(start), float64(time.Microsecond))
			require.Equal(t, start.Add(295*time.Second), p.End)
		})
	}
}

func TestEveryHostOfAShardHasItsTurnInOrderAndBeforeTheEnd(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		hosts := rapid.IntRange(0, 5000).Draw(t, "hosts")
		done := rapid.IntRange(0, hosts).Draw(t, "done")
		interval := time.Duration(rapid.Int64Range(int64(time.Second), int64(time.Hour)).Draw(t, "interval"))
		start := time.Unix(rapid.Int64Range(0, 1<<32).Draw(t, "start"), 0)
		now := start.Add(time.Duration(rapid.Int64Range(0, int64(interval)*8/10).Draw(t, "now")))
		p := fleet.NewPace(start, interval, hosts, done, now)
		for n := done; n < hosts; n++ {
			require.False(t, p.Turn(n).Before(start))
			require.True(t, n == done || !p.Turn(n).Before(p.Turn(n-1)))
			require.True(t, p.Turn(n).Before(p.End))
		}
	})
}
