package fleet_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/patch-manager/patch-manager/fleet"
)

func daily(zone string, at fleet.TimeOfDay, minutes int) fleet.Window {
	return fleet.Window{
		Scope: fleet.ScopeSite, Kind: fleet.Maintenance, TimeZone: zone, StartsOn: fleet.Date{Year: 2020, Month: 1, Day: 1},
		StartTime: at, DurationMinutes: minutes, Recurrence: fleet.Daily, Enabled: true,
	}
}

func once(zone string, on fleet.Date, at fleet.TimeOfDay, minutes int) fleet.Window {
	w := daily(zone, at, minutes)
	w.Recurrence, w.StartsOn = fleet.Once, on
	return w
}

func weekly(zone string, at fleet.TimeOfDay, minutes int, days ...time.Weekday) fleet.Window {
	w := daily(zone, at, minutes)
	w.Recurrence, w.Weekdays = fleet.Weekly, days
	return w
}

func monthlyOn(day int) fleet.Window {
	w := daily("UTC", fleet.TimeOfDay{Hour: 3}, 60)
	w.Recurrence, w.DayOfMonth = fleet.Monthly, day
	return w
}

func monthlyNth(nth int, day time.Weekday) fleet.Window {
	w := monthlyOn(0)
	w.NthWeek, w.NthWeekday = nth, day
	return w
}

func clock(t testing.TB, s string) fleet.TimeOfDay {
	t.Helper()
	at, err := fleet.ParseTimeOfDay(s)
	require.NoError(t, err)
	return at
}

func instantOf(t testing.TB, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	require.NoError(t, err)
	return at
}

func requireOnly(t *testing.T, w fleet.Window, start string, lasts time.Duration) {
	t.Helper()
	at := instantOf(t, start)
	require.Equal(t, []fleet.Span{{Start: at, End: at.Add(lasts)}}, w.Occurrences(at.AddDate(-1, 0, 0), 9), w.StartTime)
}

func requireDays(t *testing.T, w fleet.Window, from string, want ...string) {
	t.Helper()
	loc, err := fleet.LoadZone(w.TimeZone)
	require.NoError(t, err)
	var got []string
	for _, s := range w.Occurrences(instantOf(t, from), len(want)) {
		got = append(got, s.Start.In(loc).Format(time.DateOnly))
	}
	require.Equal(t, want, got)
}

func TestWindowCrossingMidnightOpensAndStaysOpen(t *testing.T) {
	t.Parallel()
	w := daily("UTC", clock(t, "23:00"), 120)
	got := w.Occurrences(instantOf(t, "2026-05-02T00:30:00Z"), 1)
	require.Equal(t, []fleet.Span{{Start: instantOf(t, "2026-05-01T23:00:00Z"), End: instantOf(t, "2026-05-02T01:00:00Z")}}, got)
}

func TestWeekdayIsJudgedInLocalTimeAtTheStart(t *testing.T) {
	t.Parallel()
	w := weekly("Pacific/Auckland", clock(t, "23:00"), 180, time.Saturday)
	// Sunday 01:00 in Auckland, Saturday in UTC: in progress. The next one is a week later.
	got := w.Occurrences(instantOf(t, "2026-05-02T13:00:00Z"), 2)
	require.Equal(t, instantOf(t, "2026-05-02T11:00:00Z"), got[0].Start)
	require.Equal(t, instantOf(t, "2026-05-09T11:00:00Z"), got[1].Start)
}

func TestEndOfAnOccurrenceIsNotPartOfIt(t *testing.T) {
	t.Parallel()
	w := once("UTC", fleet.Date{Year: 2026, Month: 5, Day: 1}, clock(t, "10:00"), 60)
	end := instantOf(t, "2026-05-01T11:00:00Z")
	require.Len(t, w.Occurrences(end.Add(-1), 9), 1)
	require.Empty(t, w.Occurrences(end, 9))
	require.Empty(t, w.OccurrencesBetween(end.Add(-2*time.Hour), end.Add(-time.Hour)))
	require.Len(t, w.OccurrencesBetween(end.Add(-2*time.Hour), end.Add(-time.Hour+1)), 1)
}

func TestLimitBoundsOccurrences(t *testing.T) {
	t.Parallel()
	w := daily("UTC", clock(t, "10:00"), 60)
	from := instantOf(t, "2026-05-01T00:00:00Z")
	require.Empty(t, w.Occurrences(from, -1))
	require.Empty(t, w.Occurrences(from, 0))
	require.Len(t, w.Occurrences(from, 1), 1)
	require.Len(t, w.Occurrences(from, 100), 100)
}

func TestWindowDoesNotOccurBeforeItsFirstDay(t *testing.T) {
	t.Parallel()
	w := weekly("UTC", clock(t, "10:00"), 60, time.Monday)
	w.StartsOn = fleet.Date{Year: 2026, Month: 5, Day: 5} // a Tuesday
	requireDays(t, w, "1970-01-01T00:00:00Z", "2026-05-11", "2026-05-18")
	m := monthlyOn(4)
	m.StartsOn = w.StartsOn
	requireDays(t, m, "1970-01-01T00:00:00Z", "2026-06-04", "2026-07-04")
}

func TestDaysBeyondTheEndOfAMonthMeanItsLastDay(t *testing.T) {
	t.Parallel()
	requireDays(t, monthlyOn(28), "2027-02-01T00:00:00Z", "2027-02-28", "2027-03-28")
	requireDays(t, monthlyOn(29), "2027-02-01T00:00:00Z", "2027-02-28", "2027-03-29")
	requireDays(t, monthlyOn(30), "2028-02-01T00:00:00Z", "2028-02-29", "2028-03-30", "2028-04-30")
	requireDays(t, monthlyOn(31), "2028-02-01T00:00:00Z", "2028-02-29", "2028-03-31", "2028-04-30", "2028-05-31")
	requireDays(t, monthlyOn(fleet.LastDay), "2027-11-30T12:00:00Z", "2027-12-31", "2028-01-31", "2028-02-29")
	requireDays(t, monthlyOn(fleet.LastDay), "2100-02-01T00:00:00Z", "2100-02-28") // no leap year
}

func TestNthWeekdayCountsWithinItsMonth(t *testing.T) {
	t.Parallel()
	requireDays(t, monthlyNth(1, time.Thursday), "2026-01-01T00:00:00Z", "2026-01-01", "2026-02-05")
	requireDays(t, monthlyNth(2, time.Saturday), "2026-08-01T00:00:00Z", "2026-08-08", "2026-09-12")
	requireDays(t, monthlyNth(4, time.Wednesday), "2026-09-01T00:00:00Z", "2026-09-23", "2026-10-28")
	requireDays(t, monthlyNth(fleet.LastWeek, time.Friday), "2026-10-01T00:00:00Z", "2026-10-30", "2026-11-27")
	requireDays(t, monthlyNth(fleet.LastWeek, time.Tuesday), "2028-02-01T00:00:00Z", "2028-02-29", "2028-03-28")
}

func TestOnceInThePastNeverOccurs(t *testing.T) {
	t.Parallel()
	w := once("UTC", fleet.Date{Year: 2020, Month: 1, Day: 1}, clock(t, "00:00"), 60)
	require.Empty(t, w.Occurrences(instantOf(t, "2026-01-01T00:00:00Z"), 10))
	require.Empty(t, w.OccurrencesBetween(instantOf(t, "2026-01-01T00:00:00Z"), instantOf(t, "9999-01-01T00:00:00Z")))
}

func TestWindowThatBreaksItsRulesNeverOccursAndNeverHangs(t *testing.T) {
	t.Parallel()
	for name, breakRule := range brokenTimes {
		w := monthlyOn(1)
		breakRule(&w)
		require.Empty(t, w.Occurrences(instantOf(t, "2026-01-01T00:00:00Z"), 3), name)
	}
}

// windows draws valid windows of every recurrence over zones of both hemispheres and of odd offsets.
func windows() *rapid.Generator[fleet.Window] {
	zones := []string{
		"UTC", "Europe/Berlin", "America/New_York", "America/Santiago", "America/St_Johns", "Australia/Lord_Howe",
		"Pacific/Chatham", "Africa/Casablanca", "Africa/Cairo", "Asia/Kathmandu", "America/Nuuk", "Pacific/Kiritimati",
	}
	return rapid.Custom(func(t *rapid.T) fleet.Window {
		w := daily(
			rapid.SampledFrom(zones).Draw(t, "zone"),
			fleet.TimeOfDay{Hour: rapid.IntRange(0, 23).Draw(t, "hour"), Minute: rapid.IntRange(0, 59).Draw(t, "minute")},
			rapid.OneOf(rapid.IntRange(31, 300), rapid.IntRange(31, fleet.MaxWindowMinutes)).Draw(t, "duration"),
		)
		w.StartsOn = fleet.DateOf(time.Date(2025, 6, 1+rapid.IntRange(0, 1500).Draw(t, "day"), 0, 0, 0, 0, time.UTC))
		w.Recurrence = rapid.SampledFrom([]fleet.Recurrence{fleet.Once, fleet.Daily, fleet.Weekly, fleet.Monthly}).Draw(t, "recurrence")
		weekday := rapid.IntRange(0, 6)
		switch {
		case w.Recurrence == fleet.Weekly:
			w.Weekdays = rapid.Map(rapid.SliceOfNDistinct(weekday, 1, 7, rapid.ID[int]), toWeekdays).Draw(t, "weekdays")
		case w.Recurrence == fleet.Monthly && rapid.Bool().Draw(t, "by day"):
			w.DayOfMonth = rapid.IntRange(1, fleet.LastDay).Draw(t, "day of month")
		case w.Recurrence == fleet.Monthly:
			w.NthWeek = rapid.IntRange(1, fleet.LastWeek).Draw(t, "nth")
			w.NthWeekday = time.Weekday(weekday.Draw(t, "weekday"))
		}
		return w
	})
}

func toWeekdays(days []int) []time.Weekday {
	var list []time.Weekday
	for _, d := range days {
		list = append(list, time.Weekday(d))
	}
	return list
}

func drawInstant(t *rapid.T) time.Time {
	return time.Unix(rapid.Int64Range(1767225600, 1924992000).Draw(t, "at"), 0).UTC() // 2026 to 2030
}

func TestOccurrencesAscendLastExactlyAndFallOnTheirDays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w, from := windows().Draw(t, "window"), drawInstant(t)
		require.NoError(t, w.Validate(30*time.Minute))
		spans := w.Occurrences(from, 20)
		for i, s := range spans {
			require.True(t, s.End.After(from))
			require.Equal(t, time.Duration(w.DurationMinutes)*time.Minute, s.End.Sub(s.Start))
			require.True(t, i == 0 || s.Start.After(spans[i-1].Start))
			require.True(t, occursOn(w, s.Start), s.Start)
		}
		if w.Recurrence != fleet.Once {
			require.Len(t, spans, 20)
		}
	})
}

// occursOn says from the definition whether w may start at an instant: the wall clock shows its time on one of its days,
// or has just jumped over it.
func occursOn(w fleet.Window, at time.Time) bool {
	loc, _ := fleet.LoadZone(w.TimeZone)
	now, was := at.In(loc), at.Add(-time.Second).In(loc)
	jumped := offsetAt(loc, at) - offsetAt(loc, at.Add(-time.Second))
	for wall := now; !wall.Before(now.Add(-max(jumped, 0))); wall = wall.Add(-time.Minute) {
		face := time.Date(now.Year(), now.Month(), now.Day(), now.Hour(), now.Minute(), 0, 0, time.UTC).Add(wall.Sub(now))
		if face.Hour() == w.StartTime.Hour && face.Minute() == w.StartTime.Minute && dayFits(w, fleet.DateOf(face)) {
			return was.Before(now)
		}
	}
	return false
}

func dayFits(w fleet.Window, d fleet.Date) bool {
	lastDay := d.AddDays(1).Month != d.Month
	switch {
	case d.Compare(w.StartsOn) < 0:
		return false
	case w.Recurrence == fleet.Once:
		return d == w.StartsOn
	case w.Recurrence == fleet.Weekly:
		for _, day := range w.Weekdays {
			if day == d.Weekday() {
				return true
			}
		}
		return false
	case w.DayOfMonth != 0:
		return d.Day == w.DayOfMonth || lastDay && d.Day < w.DayOfMonth
	case w.NthWeek == fleet.LastWeek:
		return d.Weekday() == w.NthWeekday && d.AddDays(7).Month != d.Month
	case w.NthWeek != 0:
		return d.Weekday() == w.NthWeekday && (d.Day-1)/7+1 == w.NthWeek
	}
	return true
}

func TestNoOccurrenceIsMissedBetweenTwoInstants(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w, from := windows().Draw(t, "window"), drawInstant(t)
		until := from.Add(time.Duration(rapid.IntRange(1, 3000).Draw(t, "hours")) * time.Hour)
		middle := from.Add(until.Sub(from) / 2)
		joined := w.OccurrencesBetween(from, middle)
		for _, s := range w.OccurrencesBetween(middle, until) {
			if !s.Start.Before(middle) {
				joined = append(joined, s)
			}
		}
		require.Equal(t, w.OccurrencesBetween(from, until), joined)
	})
}
