package fleet

import (
	_ "embed" // the names of zones
	"errors"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // a machine without zone files must judge windows the same
)

// zones keeps what LoadZone loaded, since time.LoadLocation reads a file at every call. Only names that exist are kept,
// so it is bounded by the number of zones.
var zones sync.Map

// zoneNames are those of the zones that are built in, so that no machine knows one that another does not.
//
//go:embed zone_names.txt
var zoneNames string

// ZoneNames returns in order the names that LoadZone takes.
var ZoneNames = sync.OnceValue(func() []string { return strings.Fields(zoneNames) })

// LoadZone loads an IANA time zone by its name, one of ZoneNames. Not among them are the names that depend on the machine
// (`Local`, `localtime`) and the variants that count leap seconds (`right/...`), by which a window would open half a minute
// off. The error states the rule and names no field.
func LoadZone(name string) (*time.Location, error) {
	if loc, ok := zones.Load(name); ok {
		return loc.(*time.Location), nil
	}
	if _, known := slices.BinarySearch(ZoneNames(), name); !known {
		return nil, errors.New("must be the name of an IANA time zone such as Europe/Berlin")
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil, errors.New("must be the name of an IANA time zone such as Europe/Berlin")
	}
	zones.Store(name, loc)
	return loc, nil
}

// instant is when a wall clock in loc first shows t on day d: in the autumn overlap the first of the two, and where the
// clock skips that time the first instant after the gap. time.Date is not used with loc, since of a time in a gap it
// may answer an earlier one. It relies on no zone changing its offset twice within two days, of which the tests know
// for every zone.
func instant(loc *time.Location, d Date, t TimeOfDay) time.Time {
	wall := time.Date(d.Year, d.Month, d.Day, t.Hour, t.Minute, 0, 0, time.UTC)
	before := offset(loc, wall.Add(-24*time.Hour))
	first := wall.Add(-before)
	if offset(loc, first) == before {
		return first
	}
	after := offset(loc, wall.Add(24*time.Hour))
	second := wall.Add(-after)
	if offset(loc, second) == after {
		return second
	}
	return changeBetween(loc, second, first, after)
}

// changeBetween finds the second in (low, high] at which loc takes the offset after.
func changeBetween(loc *time.Location, low, high time.Time, after time.Duration) time.Time {
	n := sort.Search(int(high.Sub(low)/time.Second), func(i int) bool {
		return offset(loc, low.Add(time.Duration(i)*time.Second)) == after
	})
	return low.Add(time.Duration(n) * time.Second)
}

func offset(loc *time.Location, t time.Time) time.Duration {
	_, seconds := t.In(loc).Zone()
	return time.Duration(seconds) * time.Second
}
