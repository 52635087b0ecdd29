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
		"a minute behind":      {60, 2 * time.Minute, 2 * time.Minute, 2*time.Minute + 139250*time.Millisecond},
		"near the end of it":   {0, 235 * time.Second, 235 * time.Second, 235*time.Second + 47800*time.Millisecond},
		"after the end of all": {0, 10 * time.Minute, 10 * time.Minute, 10 * time.Minute},
		"all but one are done": {239, 250 * time.Second, 250 * time.Second, 250 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := fleet.NewPace(start, 5*time.Minute, 240, c.done, start.Add(c.after))
			require.Equal(t, c.first, p.Turn(c.done).Sub(start))
			require.Equal(t, c.last, p.Turn(239).Sub(start))
			require.Equal(t, start.Add(295*time.Second), p.End)
		})
	}
}

func TestHostsOfAllShardsHaveTheirTurnsOnOneGrid(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	for _, c := range []struct{ interval, grid time.Duration }{
		{time.Hour, 50 * time.Millisecond},
		{5 * time.Second, 50 * time.Millisecond},
		{4 * time.Second, 40 * time.Millisecond},
		{time.Second, 10 * time.Millisecond},
	} {
		for _, late := range []time.Duration{0, c.interval / 7} {
			p := fleet.NewPace(start, c.interval, 997, 0, start.Add(late))
			for n := 1; n < 997; n++ { // the first one's is now
				turn := p.Turn(n)
				require.Equal(t, turn, turn.Truncate(c.grid))
			}
		}
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
