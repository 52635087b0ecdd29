package fleet_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
)

// FuzzWindow holds that a window that breaks its rules never opens, and that one which keeps them opens for exactly its
// duration, in order, and costs no time to speak of.
func FuzzWindow(f *testing.F) {
	f.Add("Europe/Berlin", 2026, 3, 29, 2, 30, 120, "weekly", uint8(1), 0, 0, 0, int64(1774742400))
	f.Add("America/Nuuk", 2026, 3, 28, 23, 30, 10080, "monthly", uint8(0), 31, 0, 0, int64(0))
	f.Add("UTC", 2200, 12, 31, 0, 0, 1, "once", uint8(0), 0, 5, 6, int64(253402300799))
	f.Add("Pacific/Apia", 2000, 1, 1, 0, 0, 10080, "daily", uint8(0), 0, 0, 0, int64(-62135596800))
	f.Fuzz(func(t *testing.T, zone string, y, m, d, hour, minute, lasts int, rec string, days uint8, dom, nth, weekday int, from int64) {
		w := fleet.Window{
			Kind: fleet.Blackout, TimeZone: zone, StartsOn: fleet.Date{Year: y, Month: time.Month(m), Day: d},
			StartTime: fleet.TimeOfDay{Hour: hour, Minute: minute}, DurationMinutes: lasts, Recurrence: fleet.Recurrence(rec),
			DayOfMonth: dom, NthWeek: nth, NthWeekday: time.Weekday(weekday), Enabled: true,
		}
		for day := range 8 {
			if days&(1<<day) != 0 {
				w.Weekdays = append(w.Weekdays, time.Weekday(day))
			}
		}
		at := time.Unix(from%253402300800, 0) // within four-digit years
		started := time.Now()
		spans := w.Occurrences(at, 5)
		require.Less(t, time.Since(started), 5*time.Second)
		if w.Validate(cutoff) != nil {
			require.Empty(t, spans)
			// What can not be judged must not open another window either.
			always := w
			always.Kind, always.TimeZone, always.StartsOn, always.StartTime = fleet.Maintenance, "UTC", fleet.Date{Year: 2000, Month: 1, Day: 1}, fleet.TimeOfDay{}
			always.DurationMinutes, always.Recurrence, always.Weekdays, always.DayOfMonth, always.NthWeek = 60, fleet.Daily, nil, 0, 0
			require.NoError(t, always.Validate(cutoff))
			require.Empty(t, fleet.EffectiveSpans([]fleet.Window{always, w}, at, at.Add(48*time.Hour), cutoff))
			return
		}
		for i, s := range spans {
			require.True(t, s.End.After(at))
			require.Equal(t, time.Duration(lasts)*time.Minute, s.End.Sub(s.Start))
			require.True(t, i == 0 || !s.Start.Before(spans[i-1].Start))
		}
		requireSpans(t, w, at)
	})
}

// requireSpans holds the spans that a window and a blackout of an hour leave to what may never be otherwise.
func requireSpans(t *testing.T, w fleet.Window, at time.Time) {
	t.Helper()
	shut := w
	w.Kind = fleet.Maintenance
	shut.DurationMinutes, shut.TimeZone = min(60, w.DurationMinutes), "UTC"
	until := at.Add(30 * 24 * time.Hour)
	spans := fleet.EffectiveSpans([]fleet.Window{w, shut}, at, until, cutoff)
	for i, s := range spans {
		require.Equal(t, cutoff, s.End.Sub(s.LastStart))
		require.True(t, s.Start.Before(s.LastStart))
		require.True(t, i == 0 || s.Start.After(spans[i-1].End))
		for _, b := range shut.OccurrencesBetween(s.Start, s.End) {
			require.False(t, b.Start.Before(s.End) && b.End.After(s.Start), "a blackout always wins")
		}
	}
}

// FuzzCheck holds that a check which passes its rules can be carried out as it reads, and that none that could reach a
// command line or a path of the agent's as something else passes.
func FuzzCheck(f *testing.F) {
	for _, service := range []string{"nginx", "nginx.service", "a@b.timer", `x\x2dy`, "-.mount", "@x", "a/../b", "a\nb"} {
		f.Add(service, "http://h/", "x", "probe")
	}
	for _, raw := range []string{
		"https://h:8443/a?b=c", "http://[::1]:80/", "http://[fe80::1%25eth0]/", "http://h\\@evil/", "http://@h/", "http://h:0/",
		"http:///x", "HTTP://H/", "http://1.2.3.4./", "http://0x7f.1/", "http://h/%zz", "http://ｈ/", "http://h/#",
	} {
		f.Add("nginx", raw, "ok", "")
	}
	unit := regexp.MustCompile(`^[A-Za-z0-9_:\\][A-Za-z0-9_:.\\@-]*$`)
	f.Fuzz(func(t *testing.T, service, raw, body, user string) {
		if serviceCheck(func(c *fleet.Check) { c.ServiceName = service }).Validate() == nil {
			require.Regexp(t, unit, service)
			require.LessOrEqual(t, len(service), fleet.MaxServiceName)
		}
		check := httpCheck(func(c *fleet.Check) { c.URL, c.ExpectedBody, c.BasicAuthUser, c.Password = raw, body, user, nil })
		if check.Validate() != nil {
			return
		}
		req, err := http.NewRequest(http.MethodGet, raw, nil)
		require.NoError(t, err, "what passes can be requested")
		require.Contains(t, []string{"http", "https"}, req.URL.Scheme)
		require.NotEmpty(t, req.URL.Hostname())
		require.Nil(t, req.URL.User)
		again, err := url.Parse(req.URL.String())
		require.NoError(t, err)
		require.Equal(t, req.URL.Host, again.Host, "it names the same host to every reader")
		require.NotContains(t, user, ":")
		require.NotEmpty(t, body)
	})
}

// FuzzText holds what is read of a text to what it is written as: no two texts mean one thing unless the rule says so,
// and none is read that was not written by the rule.
func FuzzText(f *testing.F) {
	for _, text := range []string{
		"2026-03-28", "0000-02-29", "09:30", "24:00", "9:30", "sat", "10%", "+5", "0", "1000000", "1207:34", "18446744073709551615:9223372036854775807",
		"-1:0", "Europe/Berlin", "../../etc/passwd", "Local", "a\x00b", "\xff", "  x", "line\nbreak", "/hosts?q=a%20b", "/%252fevil", "/%61pi/v1", "//evil", "/\\evil", "/\t/evil", strings.Repeat("ä", 300),
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if d, err := fleet.ParseDate(text); err == nil {
			require.Equal(t, text, d.String())
		}
		if at, err := fleet.ParseTimeOfDay(text); err == nil {
			require.Equal(t, text, at.String())
		}
		if day, err := fleet.ParseWeekday(text); err == nil {
			require.Equal(t, text, fleet.WeekdayName(day))
		}
		if p, ok := fleet.ParseEventPosition(text); ok {
			require.Equal(t, text, p.String())
			require.GreaterOrEqual(t, p.ID, int64(0))
		}
		if l, err := fleet.ParseLimit("max_parallel", text); err == nil {
			require.True(t, l.Floor(10) >= 1 && l.Ceil(10) >= 1 && l.Ceil(10) >= l.Floor(10))
			again, err := fleet.ParseLimit("max_parallel", l.String())
			require.NoError(t, err)
			require.Equal(t, l, again)
		}
		if loc, err := fleet.LoadZone(text); err == nil {
			require.Equal(t, text, loc.String())
			require.NotContains(t, text, "..")
		}
		if fleet.CheckName("name", text, 100) == nil {
			require.True(t, utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl) && strings.TrimSpace(text) == text)
		}
		if fleet.CheckReturnTo(text) == nil {
			requireOurPage(t, text)
		}
		clipped := fleet.Clip(text)
		require.True(t, len(clipped) <= fleet.MaxDetail && utf8.ValidString(clipped) && !strings.ContainsRune(clipped, 0))
	})
}

// requireOurPage reads where a browser is sent as browsers and proxies do, who decode, drop and turn characters.
func requireOurPage(t *testing.T, to string) {
	t.Helper()
	manager := &url.URL{Scheme: "https", Host: "manager", Path: "/api/v1/auth/oidc/callback"}
	for range 3 {
		read := strings.NewReplacer("\t", "", "\n", "", "\r", "", "\\", "/").Replace(strings.TrimSpace(to))
		require.True(t, strings.HasPrefix(read, "/") && !strings.HasPrefix(read, "//"), "%q", to)
		if there, err := manager.Parse(read); err == nil {
			require.Equal(t, "manager", there.Host, "%q", to)
			require.False(t, strings.HasPrefix(strings.ToLower(there.Path)+"/", "/api/"), "%q", to)
		}
		path, query, _ := strings.Cut(to, "?")
		decoded, err := url.PathUnescape(path)
		if err != nil {
			return
		}
		to = decoded + "?" + query
	}
}
