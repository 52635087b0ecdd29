package api_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
)

const calendar = "/api/v1/calendar?"

// labels are those of the windows of a page of the calendar.
func labels(t *testing.T, page map[string]any) []string {
	t.Helper()
	list := []string{}
	for _, item := range items(t, page) {
		list = append(list, item["window"].(object)["label"].(string))
	}
	return list
}

// calendarSite has a host of group a and one of no group that inherits no windows, and windows of every scope, named after
// their owner, with a blackout of each but the hosts.
type calendarSite struct {
	*site
	a, b, host, alone string
}

func newCalendarSite(t *testing.T) calendarSite {
	t.Helper()
	s := newSite(t)
	c := calendarSite{site: s, a: s.group("a"), b: s.group("b")}
	c.host = s.host("host.example.com", c.a, c.b)
	c.alone = s.must(201, s.admin, "POST", hosts, map[string]any{"fqdn": "alone.example.com", "inherit_windows": false, "group_ids": []string{c.a}})["id"].(string)
	for _, w := range []struct{ path, label, kind string }{
		{siteWindows, "site", "maintenance"},
		{siteWindows, "site blackout", "blackout"},
		{"/api/v1/groups/" + c.a + "/maintenance-windows", "a", "maintenance"},
		{"/api/v1/groups/" + c.a + "/maintenance-windows", "a blackout", "blackout"},
		{"/api/v1/groups/" + c.b + "/maintenance-windows", "b", "maintenance"},
		{hosts + "/" + c.host + "/maintenance-windows", "host", "maintenance"},
		{hosts + "/" + c.alone + "/maintenance-windows", "alone", "maintenance"},
	} {
		s.must(201, s.admin, "POST", w.path, window(map[string]any{"label": w.label, "kind": w.kind}))
	}
	return c
}

func TestCalendarHasTheWindowsOfEveryOwnerThatTheCallerSees(t *testing.T) {
	t.Parallel()
	c := newCalendarSite(t)
	page := c.must(200, c.admin, "GET", calendar+aMonth, nil)
	require.Equal(t, []string{"site", "site blackout", "a", "a blackout", "b", "host", "alone"}, labels(t, page))
	require.EqualValues(t, 7, page["total"])
	owners := []any{}
	for _, item := range items(t, page) {
		owners = append(owners, item["owner"])
		require.Len(t, item["occurrences"], 31, "each night of March")
	}
	require.Equal(t, []any{nil, nil, "a", "a", "b", "host.example.com", "alone.example.com"}, owners)
	first := items(t, page)[0]
	require.Equal(t, c.must(200, c.admin, "GET", siteWindows+"/"+first["window"].(object)["id"].(string), nil), first["window"])

	inB := c.member(map[string]fleet.Role{c.b: fleet.RoleViewer})
	page = c.must(200, inB, "GET", calendar+aMonth, nil)
	require.Equal(t, []string{"site", "site blackout", "b", "host"}, labels(t, page))
	require.EqualValues(t, 4, page["total"], "what is out of sight is not counted either")
}

func TestCalendarOfAHostHasWhatAppliesToItAndThatOfAGroupItsOwnAndTheSites(t *testing.T) {
	t.Parallel()
	c := newCalendarSite(t)
	inB := c.member(map[string]fleet.Role{c.b: fleet.RoleViewer})
	for _, w := range []struct {
		token, asks string
		want        []string
	}{
		{c.admin, "host_id=" + c.host, []string{"site", "site blackout", "a", "a blackout", "b", "host"}},
		{c.admin, "host_id=" + c.alone, []string{"site blackout", "a blackout", "alone"}},
		{inB, "host_id=" + c.host, []string{"site", "site blackout", "b", "host"}},
		{inB, "host_id=" + c.alone, []string{}},
		{c.admin, "group_id=" + c.a, []string{"site", "site blackout", "a", "a blackout"}},
		{inB, "group_id=" + c.a, []string{}},
		{inB, "group_id=" + c.b, []string{"site", "site blackout", "b"}},
		{c.admin, "group_id=" + c.a + "&host_id=" + c.host, []string{"site", "site blackout", "a", "a blackout"}},
	} {
		page := c.must(200, w.token, "GET", calendar+aMonth+"&"+w.asks, nil)
		require.Equal(t, w.want, labels(t, page), w.asks)
		require.EqualValues(t, len(w.want), page["total"], w.asks)
	}
}

func TestCalendarShowsWholeOccurrencesThatOverlapTheStretchAndNoneOfADisabledWindow(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.must(201, s.admin, "POST", siteWindows, window(map[string]any{"enabled": false}))
	s.must(201, s.admin, "POST", siteWindows, window(map[string]any{"start_time": "02:30", "duration_minutes": 60}))
	list := items(t, s.must(200, s.admin, "GET", calendar+"from=2026-03-29T01:59:59Z&to=2026-03-30T00:30:01Z", nil))
	require.Empty(t, list[0]["occurrences"])
	require.Equal(t, []any{
		object{
			"starts_at": "2026-03-29T01:00:00Z", "ends_at": "2026-03-29T02:00:00Z",
			"note": "02:30 is skipped on 2026-03-29, as the clocks go forward: it starts at 03:00 and ends at 04:00 instead of 03:30.",
		},
		object{"starts_at": "2026-03-30T00:30:00Z", "ends_at": "2026-03-30T01:30:00Z", "note": ""},
	}, list[1]["occurrences"])
	list = items(t, s.must(200, s.admin, "GET", calendar+"from=2026-03-29T02:00:00Z&to=2026-03-30T00:30:00Z", nil))
	require.Empty(t, list[1]["occurrences"], "an end is not part of what ends")
}

func TestStretchOfACalendarIsGivenAndAtMost62Days(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ask := func(from, to string) string { return calendar + "from=" + from + "&to=" + to }
	for _, c := range []struct{ query, field string }{
		{calendar + "to=2026-03-01T00:00:00Z", "from"},
		{calendar + "from=2026-03-01T00:00:00Z", "to"},
		{ask("2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z"), "to"},
		{ask("2026-03-01T00:00:01Z", "2026-03-01T00:00:00Z"), "to"},
		{ask("2026-03-01T00:00:00Z", "2026-05-02T00:00:01Z"), "to"},
		{ask("1999-12-31T23:59:59Z", "2000-01-02T00:00:00Z"), "from"},
		{ask("2201-01-01T00:00:00Z", "2201-01-02T00:00:00Z"), "from"},
		{ask("tomorrow", "2026-03-01T00:00:00Z"), "from"},
		{calendar + aMonth + "&limit=0", "limit"},
		{calendar + aMonth + "&limit=501", "limit"},
		{calendar + aMonth + "&cursor=x", "cursor"},
	} {
		a := s.call(s.admin, "GET", c.query, nil)
		require.Equal(t, 422, a.status, "%s: %s", c.query, a.body)
		require.Equal(t, c.field, a.json(t)["errors"].([]any)[0].(object)["field"], c.query)
	}
	s.must(200, s.admin, "GET", ask("2026-03-01T00:00:00Z", "2026-03-01T00:00:01Z"), nil)
	s.must(200, s.admin, "GET", ask("2026-03-01T00:00:00Z", "2026-05-02T00:00:00Z")+"&limit=500", nil)
}

// manyWindows are 100 daily ones of each of 100 hosts, which are in one group.
func manyWindows(s *site) {
	group := s.group("g")
	s.exec(`insert into hosts (id, fqdn, address, agent_port, zone)
		select gen_random_uuid(), 'h' || n || '.example.com', '10.0.0.1', 12443, 'default' from generate_series(1, 100) n`)
	s.exec(`insert into group_hosts (group_id, host_id) select $1, id from hosts`, group)
	s.exec(`insert into maintenance_windows (id, scope, host_id, kind, time_zone, starts_on, start_time, duration_minutes, recurrence)
		select gen_random_uuid(), 'host', h.id, 'maintenance', 'Europe/Berlin', '2026-01-05', '22:30', 120, 'daily'
		from hosts h, generate_series(1, 100)`)
}

func TestCalendarOfTenThousandWindowsIsReadPageByPageWithoutGapsOrRepeats(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	manyWindows(s)
	seen := map[string]bool{}
	short := calendar + "from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z&limit=500&cursor="
	for cursor, pages := "", 1; ; pages++ {
		page := s.must(200, s.admin, "GET", short+cursor, nil)
		require.EqualValues(t, 10_000, page["total"])
		require.Len(t, page["items"], 500)
		for _, item := range items(t, page) {
			seen[item["window"].(object)["id"].(string)] = true
		}
		if page["next_cursor"] == nil {
			require.Equal(t, 20, pages)
			break
		}
		cursor = page["next_cursor"].(string)
	}
	require.Len(t, seen, 10_000)
	require.Len(t, items(t, s.must(200, s.admin, "GET", calendar+aMonth, nil)), 100)
}

func TestTotalOfACalendarIsToldAlsoOnAPageThatHasNothingLeft(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for range 2 {
		s.must(201, s.admin, "POST", siteWindows, window(nil))
	}
	first := s.must(200, s.admin, "GET", calendar+aMonth+"&limit=1", nil)
	s.exec(`delete from maintenance_windows where id <> $1`, items(t, first)[0]["window"].(object)["id"])
	rest := s.must(200, s.admin, "GET", calendar+aMonth+"&limit=1&cursor="+first["next_cursor"].(string), nil)
	require.Empty(t, rest["items"])
	require.EqualValues(t, 1, rest["total"])
	require.Nil(t, rest["next_cursor"])
}

// BenchmarkPageOfACalendar is a page of two months among 10,000 daily windows, as somebody sees it who is no administrator.
func BenchmarkPageOfACalendar(b *testing.B) {
	s := newSite(b)
	manyWindows(s)
	var group string
	require.NoError(b, s.pool.QueryRow(b.Context(), `select id::text from groups`).Scan(&group))
	viewer := s.member(map[string]fleet.Role{group: fleet.RoleViewer})
	s.exec(`analyze`)
	for _, limit := range []int{100, 500} {
		b.Run(fmt.Sprint(limit), func(b *testing.B) {
			for b.Loop() {
				s.must(200, viewer, "GET", fmt.Sprintf("%sfrom=2026-03-01T00:00:00Z&to=2026-05-02T00:00:00Z&limit=%d", calendar, limit), nil)
			}
		})
	}
}

func TestCalendarSaysWhichWindowsTheCallerMayChangeAsTheChangeItselfWouldBeJudged(t *testing.T) {
	t.Parallel()
	c := newCalendarSite(t)
	for _, who := range []struct {
		token string
		want  []string
	}{
		{c.admin, []string{"site", "site blackout", "a", "a blackout", "b", "host", "alone"}},
		{c.member(map[string]fleet.Role{c.a: fleet.RoleViewer, c.b: fleet.RoleOperator}), []string{"b", "host"}},
		{c.member(map[string]fleet.Role{c.a: fleet.RoleOperator}), []string{"a", "a blackout", "host", "alone"}},
		{c.member(map[string]fleet.Role{c.b: fleet.RoleViewer}), []string{}},
	} {
		may, done := []string{}, []string{}
		for _, item := range items(t, c.must(200, who.token, "GET", calendar+aMonth, nil)) {
			w := item["window"].(object)
			if item["may_edit"] == true {
				may = append(may, w["label"].(string))
			}
			path := siteWindows
			switch w["scope"] {
			case "group":
				path = "/api/v1/groups/" + w["group_id"].(string) + "/maintenance-windows"
			case "host":
				path = hosts + "/" + w["host_id"].(string) + "/maintenance-windows"
			}
			change := window(map[string]any{"label": w["label"], "kind": w["kind"]})
			if c.call(who.token, "PUT", path+"/"+w["id"].(string), change).status == 200 {
				done = append(done, w["label"].(string))
			}
		}
		require.Equal(t, who.want, may)
		require.Equal(t, may, done)
	}
}
