package fleet_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/patch-manager/patch-manager/fleet"
)

func blackout(w fleet.Window) fleet.Window {
	w.Kind = fleet.Blackout
	return w
}

// onMonday is a single window in UTC on Monday, 4 May 2026.
func onMonday(t testing.TB, at string, minutes int) fleet.Window {
	t.Helper()
	return once("UTC", fleet.Date{Year: 2026, Month: 5, Day: 4}, clock(t, at), minutes)
}

func monday(t testing.TB, at string) time.Time {
	t.Helper()
	return instantOf(t, "2026-05-04T"+at+":00Z")
}

// mondaySpans writes the effective spans of that Monday as start, last start and end.
func mondaySpans(t testing.TB, windows ...fleet.Window) []string {
	t.Helper()
	var list []string
	for _, s := range fleet.EffectiveSpans(windows, monday(t, "00:00"), monday(t, "23:59"), cutoff) {
		list = append(list, s.Start.Format("15:04")+" "+s.LastStart.Format("15:04")+" "+s.End.Format("15:04"))
	}
	return list
}

func TestLastStartIsTheCutoffBeforeTheEnd(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"10:00 10:45 11:00"}, mondaySpans(t, onMonday(t, "10:00", 60)))
}

func TestOverlappingAndAdjoiningWindowsAreOneSpan(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"10:00 12:45 13:00"}, mondaySpans(t,
		onMonday(t, "12:00", 60), onMonday(t, "10:00", 60), onMonday(t, "10:30", 90), onMonday(t, "10:15", 10)))
	require.Equal(t, []string{"10:00 10:45 11:00", "11:01 11:46 12:01"}, mondaySpans(t,
		onMonday(t, "10:00", 60), onMonday(t, "11:01", 60)))
}

func TestBlackoutAlwaysWins(t *testing.T) {
	t.Parallel()
	day := onMonday(t, "08:00", 600)
	require.Equal(t, []string{"08:00 09:45 10:00", "11:00 17:45 18:00"}, mondaySpans(t, day, blackout(onMonday(t, "10:00", 60))))
	require.Equal(t, []string{"11:00 17:45 18:00"}, mondaySpans(t, day, blackout(onMonday(t, "07:00", 240))))
	require.Equal(t, []string{"08:00 09:45 10:00"}, mondaySpans(t, day, blackout(onMonday(t, "10:00", 1000))))
	require.Empty(t, mondaySpans(t, day, blackout(onMonday(t, "08:00", 600))))
	require.Equal(t, []string{"08:00 17:45 18:00"}, mondaySpans(t, day, blackout(onMonday(t, "07:00", 60)), blackout(onMonday(t, "18:00", 60))))
	require.Equal(t, []string{"08:00 08:45 09:00", "12:00 17:45 18:00"}, mondaySpans(t, day,
		blackout(onMonday(t, "10:00", 120)), blackout(onMonday(t, "09:00", 61))))
}

func TestStretchWithoutRoomAfterTheCutoffIsNoSpan(t *testing.T) {
	t.Parallel()
	day := onMonday(t, "08:00", 120)
	require.Empty(t, mondaySpans(t, day, blackout(onMonday(t, "08:15", 200))))
	require.Equal(t, []string{"08:00 08:01 08:16"}, mondaySpans(t, day, blackout(onMonday(t, "08:16", 200))))
}

func TestDisabledWindowsAndBlackoutsDoNotCount(t *testing.T) {
	t.Parallel()
	day, shut := onMonday(t, "08:00", 120), blackout(onMonday(t, "08:00", 120))
	shut.Enabled = false
	require.Equal(t, []string{"08:00 09:45 10:00"}, mondaySpans(t, day, shut))
	day.Enabled = false
	require.Empty(t, mondaySpans(t, day))
	require.Empty(t, mondaySpans(t))
}

func TestBlackoutThatCanNotBeComputedForbidsEverything(t *testing.T) {
	t.Parallel()
	shut := blackout(onMonday(t, "20:00", 60))
	shut.TimeZone = "Mars/Olympus"
	require.Empty(t, mondaySpans(t, onMonday(t, "08:00", 120), shut))
	_, held := fleet.ImmediateSpan([]fleet.Window{shut}, monday(t, "08:00"), cutoff)
	require.NotNil(t, held)
	shut.Enabled = false
	require.Len(t, mondaySpans(t, onMonday(t, "08:00", 120), shut), 1)
}

func TestSpanInProgressKeepsItsRealStart(t *testing.T) {
	t.Parallel()
	week := weekly("UTC", clock(t, "09:00"), 1440, time.Monday, time.Tuesday, time.Wednesday)
	early := blackout(onMonday(t, "08:00", 120)) // over before the question is asked
	at := instantOf(t, "2026-05-06T12:00:00Z")
	span, ok := fleet.NextSpan([]fleet.Window{week, early}, at, 24*time.Hour, cutoff)
	require.True(t, ok)
	require.Equal(t, monday(t, "10:00"), span.Start)
	require.Equal(t, instantOf(t, "2026-05-07T09:00:00Z"), span.End)
}

func TestBlackoutThatBeginsAfterTheAskedStretchStillEndsASpan(t *testing.T) {
	t.Parallel()
	long := once("UTC", fleet.Date{Year: 2026, Month: 5, Day: 4}, clock(t, "23:00"), fleet.MaxWindowMinutes)
	shut := blackout(once("UTC", fleet.Date{Year: 2026, Month: 5, Day: 9}, clock(t, "00:00"), 60))
	require.Equal(t, []string{"23:00 23:45 00:00"}, mondaySpans(t, long, shut))
}

func TestWindowsThatAdjoinForEverAreBounded(t *testing.T) {
	t.Parallel()
	always := daily("UTC", clock(t, "00:00"), 1440)
	from, until := monday(t, "12:00"), monday(t, "13:00")
	spans := fleet.EffectiveSpans([]fleet.Window{always}, from, until, cutoff)
	require.Equal(t, []fleet.Span{{
		Start:     instantOf(t, "2026-03-30T00:00:00Z"),
		LastStart: instantOf(t, "2026-05-11T12:45:00Z"),
		End:       instantOf(t, "2026-05-11T13:00:00Z"),
	}}, spans)
}

func TestNextSpanIsTheFirstThatCanStillBeStarted(t *testing.T) {
	t.Parallel()
	windows := []fleet.Window{daily("UTC", clock(t, "10:00"), 60)}
	for at, want := range map[string]string{"09:00": "04", "10:00": "04", "10:44": "04", "10:45": "05", "11:00": "05"} {
		span, ok := fleet.NextSpan(windows, monday(t, at), 48*time.Hour, cutoff)
		require.True(t, ok)
		require.Equal(t, want, span.Start.Format("02"), at)
	}
}

func TestNextSpanStartsWithinTheHorizon(t *testing.T) {
	t.Parallel()
	windows := []fleet.Window{onMonday(t, "10:00", 60)}
	_, ok := fleet.NextSpan(windows, monday(t, "09:00"), time.Hour, cutoff)
	require.False(t, ok)
	_, ok = fleet.NextSpan(windows, monday(t, "09:00"), time.Hour+1, cutoff)
	require.True(t, ok)
}

func TestEveryMonthlyWindowOccursWithinTheDefaultMaxWait(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := monthlyOn(rapid.IntRange(1, fleet.LastDay).Draw(t, "day"))
		if rapid.Bool().Draw(t, "nth") {
			w = monthlyNth(rapid.IntRange(1, fleet.LastWeek).Draw(t, "week"), time.Weekday(rapid.IntRange(0, 6).Draw(t, "weekday")))
		}
		_, ok := fleet.NextSpan([]fleet.Window{w}, drawInstant(t), 36*24*time.Hour, cutoff)
		require.True(t, ok)
	})
}

func TestImmediateJobOfAHostWithoutWindowsMayStart(t *testing.T) {
	t.Parallel()
	now := monday(t, "10:00")
	span, held := fleet.ImmediateSpan(nil, now, cutoff)
	require.Nil(t, held)
	require.Equal(t, fleet.Span{Start: now}, span)
	span, held = fleet.ImmediateSpan([]fleet.Window{onMonday(t, "20:00", 60)}, now, cutoff)
	require.Nil(t, held)
	require.Equal(t, fleet.Span{Start: now}, span)
}

func TestBlackoutHoldsAnImmediateJobFromTheCutoffBeforeItOn(t *testing.T) {
	t.Parallel()
	windows := []fleet.Window{blackout(onMonday(t, "10:00", 60))}
	shut := fleet.Span{Start: monday(t, "10:00"), End: monday(t, "11:00")}
	for _, at := range []time.Time{monday(t, "09:45"), monday(t, "10:00"), monday(t, "11:00").Add(-1)} {
		_, held := fleet.ImmediateSpan(windows, at, cutoff)
		require.Equal(t, &shut, held, at)
	}
	before := monday(t, "09:45").Add(-1)
	span, held := fleet.ImmediateSpan(windows, before, cutoff)
	require.Nil(t, held)
	require.Equal(t, fleet.Span{Start: before, LastStart: monday(t, "09:45"), End: monday(t, "10:00")}, span)
	_, held = fleet.ImmediateSpan(windows, monday(t, "11:00"), cutoff)
	require.Nil(t, held)
}

func TestBlackoutsWithoutRoomBetweenThemHoldAsOne(t *testing.T) {
	t.Parallel()
	first := blackout(onMonday(t, "10:00", 60))
	_, held := fleet.ImmediateSpan([]fleet.Window{first, blackout(onMonday(t, "11:15", 60))}, monday(t, "10:30"), cutoff)
	require.Equal(t, monday(t, "12:15"), held.End)
	_, held = fleet.ImmediateSpan([]fleet.Window{first, blackout(onMonday(t, "11:16", 60))}, monday(t, "10:30"), cutoff)
	require.Equal(t, monday(t, "11:00"), held.End)
}

func TestBlackoutBeyondSixtyDaysDoesNotEndAnImmediateSpan(t *testing.T) {
	t.Parallel()
	windows := []fleet.Window{blackout(onMonday(t, "10:00", 60))}
	at := monday(t, "10:00").Add(-60 * 24 * time.Hour)
	span, _ := fleet.ImmediateSpan(windows, at, cutoff)
	require.Equal(t, monday(t, "10:00"), span.End)
	span, _ = fleet.ImmediateSpan(windows, at.Add(-1), cutoff)
	require.Zero(t, span.End)
	require.Zero(t, span.LastStart)
}

func within(spans []fleet.Span, at time.Time) bool {
	for _, s := range spans {
		if !at.Before(s.Start) && at.Before(s.End) {
			return true
		}
	}
	return false
}

func drawWindows(t *rapid.T) []fleet.Window {
	list := rapid.SliceOfN(windows(), 0, 5).Draw(t, "windows")
	for i := range list {
		if rapid.IntRange(0, 2).Draw(t, "blackout") == 0 {
			list[i].Kind = fleet.Blackout
		}
		list[i].Enabled = rapid.IntRange(0, 5).Draw(t, "disabled") > 0
	}
	return list
}

// allowed says from the definition whether the windows allow an instant.
func allowed(list []fleet.Window, at time.Time) bool {
	open := false
	for _, w := range list {
		if w.Enabled && len(w.OccurrencesBetween(at, at.Add(1))) > 0 {
			if w.Kind == fleet.Blackout {
				return false
			}
			open = true
		}
	}
	return open
}

func TestEffectiveSpansAreExactlyWhatTheWindowsAllow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		list, from := drawWindows(t), drawInstant(t)
		until := from.Add(20 * 24 * time.Hour)
		exact := fleet.EffectiveSpans(list, from, until, 0)
		for range 20 {
			at := from.Add(time.Duration(rapid.Int64Range(0, int64(until.Sub(from))-1).Draw(t, "probe")))
			require.Equal(t, allowed(list, at), within(exact, at), at)
		}
		for i, s := range exact {
			require.True(t, allowed(list, s.Start) && allowed(list, s.End.Add(-1)))
			require.True(t, s.End.After(from) && s.Start.Before(until))
			require.True(t, i == 0 || s.Start.After(exact[i-1].End), "spans are apart")
			// Only where a span was cut may its end be allowed.
			require.True(t, !allowed(list, s.End) || s.End.Sub(until) == fleet.MaxWindowMinutes*time.Minute)
		}
	})
}

func TestCutoffOnlyTakesAwayWhatHasNoRoom(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		list, from := drawWindows(t), drawInstant(t)
		until := from.Add(20 * 24 * time.Hour)
		var want []fleet.Span
		for _, s := range fleet.EffectiveSpans(list, from, until, 0) {
			if s.End.Sub(s.Start) > cutoff {
				s.LastStart = s.End.Add(-cutoff)
				want = append(want, s)
			}
		}
		require.Equal(t, want, fleet.EffectiveSpans(list, from, until, cutoff))
	})
}

func TestImmediateSpanNeverAllowsAnInstantOfABlackout(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		list, now := drawWindows(t), drawInstant(t)
		for i := range list {
			list[i].Kind = fleet.Blackout
		}
		span, held := fleet.ImmediateSpan(list, now, cutoff)
		var shut []fleet.Span
		for _, w := range list {
			if w.Enabled {
				shut = append(shut, w.OccurrencesBetween(now, now.Add(cutoff+1))...)
			}
		}
		require.Equal(t, len(shut) > 0, held != nil)
		if held == nil {
			require.Equal(t, now, span.Start)
			require.True(t, span.End.IsZero() || span.LastStart.After(now) && within(occurrencesAt(list, span.End), span.End))
		}
	})
}

func occurrencesAt(list []fleet.Window, at time.Time) []fleet.Span {
	var spans []fleet.Span
	for _, w := range list {
		spans = append(spans, w.OccurrencesBetween(at, at.Add(1))...)
	}
	return spans
}

func BenchmarkNextSpanOfFiftyWindows(b *testing.B) {
	var list []fleet.Window
	for i := range 50 {
		list = append(list, monthlyOn(i%31+1), blackout(daily("America/New_York", fleet.TimeOfDay{Hour: i % 24}, 10)))
	}
	at := instantOf(b, "2026-05-04T00:00:00Z")
	for b.Loop() {
		fleet.NextSpan(list, at, 36*24*time.Hour, cutoff)
	}
}
