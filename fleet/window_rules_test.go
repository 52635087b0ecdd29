package fleet_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
)

const cutoff = 15 * time.Minute

// brokenTimes break a monthly window, each so that its occurrences can not be computed.
var brokenTimes = map[string]func(*fleet.Window){
	"time_zone":        func(w *fleet.Window) { w.TimeZone = "Mars/Olympus" },
	"starts_on":        func(w *fleet.Window) { w.StartsOn = fleet.Date{Year: 2026, Month: 2, Day: 29} },
	"start_time":       func(w *fleet.Window) { w.StartTime = fleet.TimeOfDay{Hour: 24} },
	"duration_minutes": func(w *fleet.Window) { w.DurationMinutes = 0 },
	"recurrence":       func(w *fleet.Window) { w.Recurrence, w.DayOfMonth = "yearly", 0 },
	"weekdays":         func(w *fleet.Window) { w.Recurrence, w.DayOfMonth = fleet.Weekly, 0 },
	"weekdays[0]":      func(w *fleet.Window) { *w = weekly("UTC", w.StartTime, 60, 7) },
	"day_of_month":     func(w *fleet.Window) { w.DayOfMonth = 33 },
	"nth_weekday":      func(w *fleet.Window) { w.NthWeek = 1 },
	"nth_weekday.nth":  func(w *fleet.Window) { w.DayOfMonth, w.NthWeek = 0, 6 },
	"nth_weekday.weekday": func(w *fleet.Window) {
		w.DayOfMonth, w.NthWeek, w.NthWeekday = 0, 1, 7
	},
}

// fields lists the fields that the joined errors of a window name.
func fields(t *testing.T, err error) []string {
	t.Helper()
	var names []string
	var walk func(error)
	walk = func(err error) {
		if joined, ok := err.(interface{ Unwrap() []error }); ok {
			for _, e := range joined.Unwrap() {
				walk(e)
			}
			return
		}
		var broken *fleet.Error
		require.ErrorAs(t, err, &broken)
		require.Equal(t, fleet.KindInvalid, broken.Kind)
		names = append(names, broken.Field)
	}
	if err != nil {
		walk(err)
	}
	return names
}

func requireBroken(t *testing.T, w fleet.Window, want ...string) {
	t.Helper()
	require.Equal(t, want, fields(t, w.Validate(cutoff)))
}

func requireKept(t *testing.T, w fleet.Window) {
	t.Helper()
	require.NoError(t, w.Validate(cutoff))
}

func TestEachBrokenRuleOfAWindowNamesItsField(t *testing.T) {
	t.Parallel()
	requireKept(t, monthlyOn(1))
	for field, breakRule := range brokenTimes {
		w := monthlyOn(1)
		breakRule(&w)
		requireBroken(t, w, field)
	}
	w := monthlyOn(1)
	w.Kind = "pause"
	requireBroken(t, w, "kind")
}

func TestAllBrokenRulesOfAWindowAreToldAtOnce(t *testing.T) {
	t.Parallel()
	w := fleet.Window{Label: "\xff", Weekdays: []time.Weekday{time.Monday}, DayOfMonth: 1, NthWeek: 1}
	requireBroken(t, w, "kind", "label", "time_zone", "starts_on", "duration_minutes", "recurrence", "weekdays",
		"day_of_month", "nth_weekday")
}

func TestMaintenanceWindowIsLongerThanTheCutoff(t *testing.T) {
	t.Parallel()
	w := daily("UTC", clock(t, "10:00"), 15)
	requireBroken(t, w, "duration_minutes")
	w.DurationMinutes = 16
	requireKept(t, w)
	w.Kind, w.DurationMinutes = fleet.Blackout, 1
	requireKept(t, w)
}

func TestWindowLastsAtMostAWeek(t *testing.T) {
	t.Parallel()
	w := daily("UTC", clock(t, "10:00"), 10080)
	requireKept(t, w)
	w.DurationMinutes = 10081
	requireBroken(t, w, "duration_minutes")
	w.DurationMinutes = int(^uint(0) >> 1)
	requireBroken(t, w, "duration_minutes")
	w.DurationMinutes = -1
	requireBroken(t, w, "duration_minutes")
}

func TestWindowStartsInTheYears2000To2200(t *testing.T) {
	t.Parallel()
	for day, ok := range map[string]bool{"1999-12-31": false, "2000-01-01": true, "2200-12-31": true, "2201-01-01": false} {
		w := daily("UTC", clock(t, "10:00"), 60)
		on, err := fleet.ParseDate(day)
		require.NoError(t, err)
		w.StartsOn = on
		require.Equal(t, ok, w.Validate(cutoff) == nil, day)
	}
}

func TestTimeZoneIsAnIANANameThatMeansTheSameEverywhere(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"", "Local", "localtime", "right/Europe/Berlin", "posix/Europe/Berlin", "Factory", "posixrules",
		"../../etc/passwd", "/etc/localtime", "Europe", "europe/berlin\x00", "+02:00", "zone.tab", strings.Repeat("A", 1000),
	} {
		requireBroken(t, daily(name, clock(t, "10:00"), 60), "time_zone")
	}
}

func TestStartTimeIsWithinADay(t *testing.T) {
	t.Parallel()
	for at, ok := range map[fleet.TimeOfDay]bool{
		{0, 0}: true, {23, 59}: true, {24, 0}: false, {23, 60}: false, {-1, 0}: false, {0, -1}: false,
	} {
		require.Equal(t, ok, daily("UTC", at, 60).Validate(cutoff) == nil, at)
	}
}

func TestLabelHasAtMost200Characters(t *testing.T) {
	t.Parallel()
	w := daily("UTC", clock(t, "10:00"), 60)
	w.Label = strings.Repeat("ü", 200)
	requireKept(t, w)
	w.Label += "ü"
	requireBroken(t, w, "label")
	w.Label = "a\x00b"
	requireBroken(t, w, "label")
}

func TestWeekdaysAreDistinctAndOnlyOfAWeeklyWindow(t *testing.T) {
	t.Parallel()
	w := weekly("UTC", clock(t, "10:00"), 60, time.Monday, time.Sunday)
	requireKept(t, w)
	w.Weekdays = []time.Weekday{time.Monday, 7, -1, time.Monday}
	requireBroken(t, w, "weekdays[1]", "weekdays[2]", "weekdays[3]")
	w = daily("UTC", clock(t, "10:00"), 60)
	w.Weekdays = []time.Weekday{time.Monday}
	requireBroken(t, w, "weekdays")
}

func TestMonthlyWindowHasADayOrAnNthWeekday(t *testing.T) {
	t.Parallel()
	for day, ok := range map[int]bool{-1: false, 1: true, 31: true, fleet.LastDay: true, fleet.LastDay + 1: false} {
		require.Equal(t, ok, monthlyOn(day).Validate(cutoff) == nil, day)
	}
	for nth, ok := range map[int]bool{-1: false, 1: true, 4: true, fleet.LastWeek: true, fleet.LastWeek + 1: false} {
		require.Equal(t, ok, monthlyNth(nth, time.Sunday).Validate(cutoff) == nil, nth)
	}
	requireBroken(t, monthlyOn(0), "day_of_month")
	d := daily("UTC", clock(t, "10:00"), 60)
	d.DayOfMonth, d.NthWeek = 1, 1
	requireBroken(t, d, "day_of_month", "nth_weekday")
}

func TestDatesTimesAndWeekdaysAreReadAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"2026-01-01", "2028-02-29", "0001-01-01", "9999-12-31"} {
		d, err := fleet.ParseDate(s)
		require.NoError(t, err)
		require.Equal(t, s, d.String())
	}
	for _, s := range []string{"00:00", "09:05", "23:59"} {
		require.Equal(t, s, clock(t, s).String())
	}
	for d := time.Sunday; d <= time.Saturday; d++ {
		got, err := fleet.ParseWeekday(fleet.WeekdayName(d))
		require.NoError(t, err)
		require.Equal(t, d, got)
	}
	require.Equal(t, "mon", fleet.WeekdayName(time.Monday))
	require.Equal(t, "weekday 9", fleet.WeekdayName(9))
}

func TestDatesTimesAndWeekdaysWrittenOtherwiseAreRefused(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "2026-02-29", "2026-13-01", "2026-1-1", "26-01-01", "2026-01-01T00:00:00Z", " 2026-01-01", "2026-00-10"} {
		_, err := fleet.ParseDate(s)
		require.ErrorContains(t, err, "YYYY-MM-DD", s)
	}
	for _, s := range []string{"", "9:30", "24:00", "23:60", "09:30:00", "0930", "09:3", "-9:30", "09:30 "} {
		_, err := fleet.ParseTimeOfDay(s)
		require.ErrorContains(t, err, "HH:MM", s)
	}
	for _, s := range []string{"", "Mon", "monday", "0"} {
		_, err := fleet.ParseWeekday(s)
		require.ErrorContains(t, err, "mon, tue", s)
	}
}

// FuzzWindow feeds any values at all: whatever passes Validate has ascending occurrences of its duration, whatever does
// not pass has none, and nothing panics or hangs.
