package fleet_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/patch-manager/patch-manager/fleet"
)

// noteOf is the note of the one occurrence of a window.
func noteOf(t *testing.T, w fleet.Window) string {
	t.Helper()
	list := w.NotedOccurrences(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), 2)
	require.Len(t, list, 1)
	require.Equal(t, w.Occurrences(time.Time{}, 2)[0], list[0].Span)
	return list[0].Note
}

func TestANoteSaysWhatAChangeOfTheClocksMoves(t *testing.T) {
	t.Parallel()
	spring, autumn := fleet.Date{Year: 2026, Month: 3, Day: 29}, fleet.Date{Year: 2026, Month: 10, Day: 25}
	for _, c := range []struct {
		zone    string
		day     fleet.Date
		at      string
		minutes int
		want    string
	}{
		{"Europe/Berlin", spring, "01:59", 1, "The clocks go forward while it lasts: it ends at 03:00 instead of 02:00."},
		{"Europe/Berlin", spring, "01:30", 29, ""},
		{"Europe/Berlin", spring, "02:00", 60, "02:00 is skipped on 2026-03-29, as the clocks go forward: it starts at 03:00 and ends at 04:00 instead of 03:00."},
		{"Europe/Berlin", spring, "02:59", 60, "02:59 is skipped on 2026-03-29, as the clocks go forward: it starts at 03:00 and ends at 04:00 instead of 03:59."},
		{"Europe/Berlin", spring, "03:00", 60, ""},
		{"Europe/Berlin", spring.AddDays(-1), "22:30", 300, "The clocks go forward while it lasts: it ends at 04:30 instead of 03:30."},
		{"Europe/Berlin", spring.AddDays(-1), "23:30", 23*60 + 30, "The clocks go forward while it lasts: it ends at 00:00 on 2026-03-30 instead of 23:00 on 2026-03-29."},
		{"Europe/Berlin", autumn, "01:59", 30, ""},
		{"Europe/Berlin", autumn, "02:00", 59, "02:00 comes twice on 2026-10-25, as the clocks go back: it starts at the first of the two."},
		{"Europe/Berlin", autumn, "02:59", 60, "02:59 comes twice on 2026-10-25, as the clocks go back: it starts at the first of the two and ends at 02:59 instead of 03:59."},
		{"Europe/Berlin", autumn, "03:00", 60, ""},
		{"Europe/Berlin", autumn, "00:30", 240, "The clocks go back while it lasts: it ends at 03:30 instead of 04:30."},
		{"Australia/Lord_Howe", fleet.Date{Year: 2026, Month: 10, Day: 4}, "02:10", 60, "02:10 is skipped on 2026-10-04, as the clocks go forward: it starts at 02:30 and ends at 03:30 instead of 03:10."},
		{"Pacific/Apia", fleet.Date{Year: 2011, Month: 12, Day: 30}, "00:00", 60, "00:00 is skipped on 2011-12-30, as the clocks go forward: it starts at 00:00 on 2011-12-31 and ends at 01:00 on 2011-12-31 instead of 01:00 on 2011-12-30."},
		{"UTC", spring, "02:30", 60, ""},
	} {
		require.Equal(t, c.want, noteOf(t, once(c.zone, c.day, clock(t, c.at), c.minutes)), "%s %s %s", c.zone, c.day, c.at)
	}
}

// face is what a clock on the wall shows, as if that were UTC.
func face(loc *time.Location, t time.Time) time.Time { return t.Add(offsetAt(loc, t)).UTC() }

// shownAgain looks minute by minute, for three hours.
func shownAgain(loc *time.Location, t time.Time) bool {
	for m := time.Minute; m <= 3*time.Hour; m += time.Minute {
		if face(loc, t.Add(m)).Equal(face(loc, t)) {
			return true
		}
	}
	return false
}

func TestThereIsANoteExactlyWhereAChangeOfTheClocksMovesSomething(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w, from := windows().Draw(t, "window"), drawInstant(t)
		loc, err := fleet.LoadZone(w.TimeZone)
		require.NoError(t, err)
		for _, o := range w.NotedOccurrences(from, 20) {
			starts := face(loc, o.Start)
			moved := starts.Hour() != w.StartTime.Hour || starts.Minute() != w.StartTime.Minute
			stretched := face(loc, o.End).Sub(starts) != o.End.Sub(o.Start)
			require.Equal(t, moved || stretched || shownAgain(loc, o.Start), o.Note != "", "%s: %s", o.Start, o.Note)
		}
	})
}

func TestCalendarHasWhatOverlapsTheStretchAndNothingOfADisabledWindow(t *testing.T) {
	t.Parallel()
	w := daily("Europe/Berlin", clock(t, "02:30"), 60)
	from, until := instantOf(t, "2026-10-25T00:00:00Z"), instantOf(t, "2026-10-27T00:00:00Z")
	list := w.Calendar(from, until)
	require.Len(t, list, 2)
	for i, span := range w.OccurrencesBetween(from, until) {
		require.Equal(t, span, list[i].Span)
	}
	require.Equal(t, []bool{true, false}, []bool{list[0].Note != "", list[1].Note != ""})
	w.Enabled = false
	require.Empty(t, w.Calendar(from, until))
}

func TestCalendarShowsABlackoutThatCanNotBeComputedAsForbiddingEverything(t *testing.T) {
	t.Parallel()
	shut := blackout(daily("Mars/Olympus", clock(t, "02:30"), 60))
	from, until := monday(t, "08:00"), monday(t, "12:00")
	require.Equal(t, fleet.Span{Start: from, End: until}, shut.Calendar(from, until)[0].Span)
	shut.Kind = fleet.Maintenance
	require.Empty(t, shut.Calendar(from, until))
}
