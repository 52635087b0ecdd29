package fleet_test

import (
	"archive/zip"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
)

// zoneNames lists every IANA zone of the Go distribution that runs the tests, links included.
func zoneNames(t testing.TB) []string {
	t.Helper()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	require.NoError(t, err)
	r, err := zip.OpenReader(filepath.Join(strings.TrimSpace(string(root)), "lib", "time", "zoneinfo.zip"))
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Close()) }()
	var names []string
	for _, f := range r.File {
		if !strings.HasSuffix(f.Name, "/") && f.Name != "Factory" {
			names = append(names, f.Name)
		}
	}
	require.Greater(t, len(names), 400)
	return names
}

// era is a stretch of time in which a zone keeps one offset.
type era struct {
	start, end time.Time
	offset     time.Duration
}

// eras finds every change of offset by looking twice a day, independently of how the product finds them.
func eras(loc *time.Location, from, until time.Time) []era {
	list := []era{{start: from, offset: offsetAt(loc, from)}}
	for t := from; t.Before(until); t = t.Add(12 * time.Hour) {
		next := t.Add(12 * time.Hour)
		if o := offsetAt(loc, next); o != list[len(list)-1].offset {
			at := changeAt(loc, t, next)
			list[len(list)-1].end = at
			list = append(list, era{start: at, offset: o})
		}
	}
	list[len(list)-1].end = until.Add(24 * time.Hour)
	return list
}

func changeAt(loc *time.Location, low, high time.Time) time.Time {
	for was := offsetAt(loc, low); high.Sub(low) > time.Second; {
		middle := low.Add(high.Sub(low) / 2).Truncate(time.Second)
		if offsetAt(loc, middle) == was {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}

func offsetAt(loc *time.Location, t time.Time) time.Duration {
	_, s := t.In(loc).Zone()
	return time.Duration(s) * time.Second
}

// expectedStart is the first instant of any era whose wall clock reads at least wall, which is given as if in UTC.
func expectedStart(list []era, wall time.Time) time.Time {
	for _, e := range list {
		if wall.Before(e.start.Add(e.offset)) {
			return e.start
		}
		if wall.Before(e.end.Add(e.offset)) {
			return wall.Add(-e.offset)
		}
	}
	return time.Time{}
}

var (
	zonesFrom  = time.Date(2025, 12, 25, 0, 0, 0, 0, time.UTC)
	zonesUntil = time.Date(2031, 1, 7, 0, 0, 0, 0, time.UTC)
)

func TestEveryZoneIsKnownWithoutFilesOfTheMachine(t *testing.T) {
	t.Parallel()
	for _, name := range zoneNames(t) {
		_, err := fleet.LoadZone(name)
		require.NoError(t, err, name)
	}
}

func TestNoZoneChangesItsOffsetTwiceWithinTwoDays(t *testing.T) {
	t.Parallel()
	for _, name := range zoneNames(t) {
		loc, err := fleet.LoadZone(name)
		require.NoError(t, err, name)
		list := eras(loc, zonesFrom, zonesUntil)
		for _, e := range list[1 : max(len(list), 2)-1] {
			require.Greater(t, e.end.Sub(e.start), 48*time.Hour, "%s at %v", name, e.start)
		}
	}
}

func TestDailyWindowInEveryZoneStartsNeverEarlyAndLastsExactly(t *testing.T) {
	t.Parallel()
	for i, name := range zoneNames(t) {
		loc, err := fleet.LoadZone(name)
		require.NoError(t, err, name)
		list := eras(loc, zonesFrom, zonesUntil)
		// The hours at which clocks change are taken in turns; the next test looks at each change itself.
		at := fleet.TimeOfDay{Hour: []int{2, 0, 1, 3, 23}[i%5], Minute: []int{0, 30}[i%2]}
		w := daily(name, at, 150)
		w.StartsOn = fleet.Date{Year: 2026, Month: 1, Day: 1}
		spans := w.OccurrencesBetween(zonesFrom, zonesUntil.Add(-72*time.Hour))
		wall := time.Date(2026, 1, 1, at.Hour, at.Minute, 0, 0, time.UTC)
		for _, s := range spans {
			if want := expectedStart(list, wall); !s.Start.Equal(want) || s.End.Sub(s.Start) != 150*time.Minute {
				require.Failf(t, "wrong occurrence", "%s %v: starts %v, want %v, ends %v", name, wall, s.Start, want, s.End)
			}
			wall = wall.AddDate(0, 0, 1)
		}
		require.InDelta(t, 1829, len(spans), 1, name)
	}
}

func TestWindowAtEveryOffsetChangeOfEveryZoneFollowsTheWallClock(t *testing.T) {
	t.Parallel()
	changes := 0
	for _, name := range zoneNames(t) {
		loc, err := fleet.LoadZone(name)
		require.NoError(t, err, name)
		list := eras(loc, zonesFrom, zonesUntil)
		for i, e := range list[1:] {
			changes++
			for _, edge := range []time.Time{e.start.Add(list[i].offset), e.start.Add(e.offset)} {
				requireStartsAround(t, name, list, edge)
			}
		}
	}
	require.Greater(t, changes, 1000)
}

func requireStartsAround(t *testing.T, zone string, list []era, edge time.Time) {
	t.Helper()
	for _, minutes := range []int{-1441, -61, -30, -1, 0, 1, 29, 30, 59, 60, 61, 1440} {
		wall := edge.Truncate(time.Minute).Add(time.Duration(minutes) * time.Minute)
		w := once(zone, fleet.DateOf(wall), fleet.TimeOfDay{Hour: wall.Hour(), Minute: wall.Minute()}, 60)
		spans := w.Occurrences(zonesFrom, 2)
		require.Len(t, spans, 1)
		if want := expectedStart(list, wall); !spans[0].Start.Equal(want) {
			require.Failf(t, "wrong start", "%s %v: %v, want %v", zone, wall, spans[0].Start, want)
		}
	}
}

func TestStartInTheSpringGapIsTheFirstInstantAfterIt(t *testing.T) {
	t.Parallel()
	day := fleet.Date{Year: 2026, Month: 3, Day: 29}
	for at, want := range map[string]string{
		"01:59": "2026-03-29T00:59:00Z", "02:00": "2026-03-29T01:00:00Z", "02:30": "2026-03-29T01:00:00Z",
		"02:59": "2026-03-29T01:00:00Z", "03:00": "2026-03-29T01:00:00Z", "03:01": "2026-03-29T01:01:00Z",
	} {
		requireOnly(t, once("Europe/Berlin", day, clock(t, at), 60), want, time.Hour)
	}
}

func TestStartInTheAutumnOverlapIsTheFirstOfTheTwo(t *testing.T) {
	t.Parallel()
	day := fleet.Date{Year: 2026, Month: 10, Day: 25}
	for at, want := range map[string]string{
		"01:59": "2026-10-24T23:59:00Z", "02:00": "2026-10-25T00:00:00Z", "02:30": "2026-10-25T00:30:00Z",
		"02:59": "2026-10-25T00:59:00Z", "03:00": "2026-10-25T02:00:00Z",
	} {
		requireOnly(t, once("Europe/Berlin", day, clock(t, at), 180), want, 3*time.Hour)
	}
}

func TestGapAtMidnightMovesTheStartNotTheDayOfTheWindow(t *testing.T) {
	t.Parallel()
	// Nuuk's clocks go from Saturday 23:00 to Sunday 00:00: the Saturday window opens at the first instant of Sunday.
	w := daily("America/Nuuk", fleet.TimeOfDay{Hour: 23, Minute: 30}, 120)
	w.Recurrence, w.Weekdays = fleet.Weekly, []time.Weekday{time.Saturday}
	spans := w.Occurrences(instantOf(t, "2026-03-28T12:00:00Z"), 2)
	require.Equal(t, "2026-03-29T01:00:00Z", spans[0].Start.Format(time.RFC3339))
	require.Equal(t, "2026-04-05T00:30:00Z", spans[1].Start.Format(time.RFC3339))
}

func TestLostDayOfTheDateLineDoesNotOpenAWindowEarly(t *testing.T) {
	t.Parallel()
	// Samoa had no 30 December 2011.
	w := once("Pacific/Apia", fleet.Date{Year: 2011, Month: 12, Day: 30}, fleet.TimeOfDay{Hour: 9}, 60)
	requireOnly(t, w, "2011-12-30T10:00:00Z", time.Hour)
}

func TestTheZonesThatAreToldAreThoseOfTheGoDistributionAndEachIsTaken(t *testing.T) {
	t.Parallel()
	want := zoneNames(t)
	slices.Sort(want)
	require.Equal(t, want, fleet.ZoneNames(), "write the names of lib/time/zoneinfo.zip to zone_names.txt, in order")
	for _, name := range fleet.ZoneNames() {
		_, err := fleet.LoadZone(name)
		require.NoError(t, err, name)
	}
}
