package api_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
)

const (
	siteWindows   = "/api/v1/maintenance-windows"
	windowPreview = siteWindows + "/preview"
)

func window(more map[string]any) map[string]any {
	w := map[string]any{
		"kind": "maintenance", "time_zone": "Europe/Berlin", "starts_on": "2026-01-05", "start_time": "22:30",
		"duration_minutes": 120, "recurrence": "daily",
	}
	for k, v := range more {
		if v == absent {
			delete(w, k)
			continue
		}
		w[k] = v
	}
	return w
}

func TestWindowIsReturnedAsItWasSentAtEveryOwner(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	group := s.group("g")
	host := s.host("a.example.com")
	sent := map[string]map[string]any{
		"once":        window(map[string]any{"recurrence": "once", "label": "Wartung ☃", "enabled": false}),
		"weekly":      window(map[string]any{"recurrence": "weekly", "weekdays": []any{"mon", "sat"}, "kind": "blackout"}),
		"day":         window(map[string]any{"recurrence": "monthly", "day_of_month": 31.0}),
		"last day":    window(map[string]any{"recurrence": "monthly", "day_of_month": "last"}),
		"nth":         window(map[string]any{"recurrence": "monthly", "nth_weekday": map[string]any{"nth": 2.0, "weekday": "sat"}}),
		"last friday": window(map[string]any{"recurrence": "monthly", "nth_weekday": map[string]any{"nth": "last", "weekday": "fri"}}),
	}
	for scope, path := range map[string]string{
		"host": hosts + "/" + host + "/maintenance-windows", "group": "/api/v1/groups/" + group + "/maintenance-windows", "site": siteWindows,
	} {
		for name, body := range sent {
			a := s.call(s.admin, "POST", path, body)
			require.Equal(t, 201, a.status, "%s: %s", name, a.body)
			created := a.json(t)
			require.Equal(t, path+"/"+created["id"].(string), a.header.Get("Location"))
			require.Equal(t, scope, created["scope"])
			require.Equal(t, scope == "host", created["host_id"] == host)
			require.Equal(t, scope == "group", created["group_id"] == group)
			require.Equal(t, created, s.must(200, s.admin, "GET", a.header.Get("Location"), nil))
			for field, value := range body {
				require.EqualValues(t, value, created[field], "%s %s", name, field)
			}
		}
		require.Len(t, items(t, s.must(200, s.admin, "GET", path, nil)), len(sent))
	}
}

func TestReplacingAWindowClearsWhatIsNotSent(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	id := s.must(201, s.admin, "POST", siteWindows, window(map[string]any{
		"recurrence": "monthly", "nth_weekday": map[string]any{"nth": 2, "weekday": "sat"}, "label": "x", "enabled": false,
	}))["id"].(string)
	got := s.must(200, s.admin, "PUT", siteWindows+"/"+id, window(nil))
	require.Nil(t, got["nth_weekday"])
	require.Nil(t, got["day_of_month"])
	require.Empty(t, got["label"])
	require.Equal(t, true, got["enabled"])
	s.must(204, s.admin, "DELETE", siteWindows+"/"+id, nil)
	s.refuse(404, "not_found", s.admin, "PUT", siteWindows+"/"+id, window(nil))
	s.refuse(404, "not_found", s.admin, "DELETE", siteWindows+"/"+id, nil)
}

func TestEachBrokenRuleOfAWindowNamesItsField(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for name, c := range map[string]struct {
		change map[string]any
		field  string // empty: it is accepted
	}{
		"no kind":                  {map[string]any{"kind": absent}, "kind"},
		"unknown kind":             {map[string]any{"kind": "freeze"}, "kind"},
		"unknown zone":             {map[string]any{"time_zone": "Mars/Olympus"}, "time_zone"},
		"no zone":                  {map[string]any{"time_zone": absent}, "time_zone"},
		"day that does not exist":  {map[string]any{"starts_on": "2026-02-29"}, "starts_on"},
		"day written otherwise":    {map[string]any{"starts_on": "29.1.2026"}, "starts_on"},
		"time that does not exist": {map[string]any{"start_time": "24:00"}, "start_time"},
		"time with seconds":        {map[string]any{"start_time": "22:30:00"}, "start_time"},
		"the cutoff":               {map[string]any{"duration_minutes": 15}, "duration_minutes"},
		"above the cutoff":         {map[string]any{"duration_minutes": 16}, ""},
		"a week":                   {map[string]any{"duration_minutes": 10080}, ""},
		"above a week":             {map[string]any{"duration_minutes": 10081}, "duration_minutes"},
		"a blackout of a minute":   {map[string]any{"kind": "blackout", "duration_minutes": 1}, ""},
		"no minute":                {map[string]any{"kind": "blackout", "duration_minutes": 0}, "duration_minutes"},
		"label of 200":             {map[string]any{"label": strings.Repeat("é", 200)}, ""},
		"label of 201":             {map[string]any{"label": strings.Repeat("é", 201)}, "label"},
		"NUL in the label":         {map[string]any{"label": "a\x00"}, "label"},
		"unknown recurrence":       {map[string]any{"recurrence": "yearly"}, "recurrence"},
		"weekly without weekdays":  {map[string]any{"recurrence": "weekly"}, "weekdays"},
		"unknown weekday":          {map[string]any{"recurrence": "weekly", "weekdays": []string{"mon", "moonday"}}, "weekdays[1]"},
		"weekday twice":            {map[string]any{"recurrence": "weekly", "weekdays": []string{"mon", "mon"}}, "weekdays[1]"},
		"daily with weekdays":      {map[string]any{"weekdays": []string{"mon"}}, "weekdays"},
		"monthly without a day":    {map[string]any{"recurrence": "monthly"}, "day_of_month"},
		"day 31":                   {map[string]any{"recurrence": "monthly", "day_of_month": 31}, ""},
		"day 32":                   {map[string]any{"recurrence": "monthly", "day_of_month": 32}, "day_of_month"},
		"day 0":                    {map[string]any{"recurrence": "monthly", "day_of_month": 0}, "day_of_month"},
		"day first":                {map[string]any{"recurrence": "monthly", "day_of_month": "first"}, "day_of_month"},
		"half a day":               {map[string]any{"recurrence": "monthly", "day_of_month": 1.5}, "day_of_month"},
		"fourth":                   {map[string]any{"recurrence": "monthly", "nth_weekday": map[string]any{"nth": 4, "weekday": "fri"}}, ""},
		"fifth":                    {map[string]any{"recurrence": "monthly", "nth_weekday": map[string]any{"nth": 5, "weekday": "fri"}}, "nth_weekday.nth"},
		"nth without a weekday":    {map[string]any{"recurrence": "monthly", "nth_weekday": map[string]any{"nth": 1}}, "nth_weekday.weekday"},
		"both":                     {map[string]any{"recurrence": "monthly", "day_of_month": 1, "nth_weekday": map[string]any{"nth": 1, "weekday": "fri"}}, "nth_weekday"},
		"daily with a day":         {map[string]any{"day_of_month": 1}, "day_of_month"},
		"unknown field":            {map[string]any{"until": "2027-01-01"}, "until"},
	} {
		a, preview := s.call(s.admin, "POST", siteWindows, window(c.change)), s.call(s.admin, "POST", windowPreview, window(c.change))
		if c.field == "" {
			require.Equal(t, 201, a.status, "%s: %s", name, a.body)
			require.Equal(t, 200, preview.status, "%s: %s", name, preview.body)
			continue
		}
		require.Equal(t, 422, a.status, "%s: %s", name, a.body)
		require.Equal(t, a.json(t), preview.json(t), "a preview refuses what creating it would refuse")
		require.Equal(t, c.field, a.json(t)["errors"].([]any)[0].(map[string]any)["field"], "%s: %s", name, a.body)
	}
}

func TestWindowsOfTheSiteAreTheAdministratorsToChangeAndEverybodysToSee(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	id := s.must(201, s.admin, "POST", siteWindows, window(nil))["id"].(string)
	operator := s.member(map[string]fleet.Role{s.group("g"): fleet.RoleOperator})
	s.must(200, operator, "GET", siteWindows+"/"+id, nil)
	require.Len(t, items(t, s.must(200, operator, "GET", siteWindows, nil)), 1)
	s.refuse(403, "admin_required", operator, "POST", siteWindows, window(nil))
	s.refuse(403, "admin_required", operator, "PUT", siteWindows+"/"+id, window(nil))
	s.refuse(403, "admin_required", operator, "DELETE", siteWindows+"/"+id, nil)
}

func TestWindowsOfHostsAndGroupsTakeTheOperatorRole(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	group := s.group("g")
	host := s.host("a.example.com", group)
	viewer, operator := s.member(map[string]fleet.Role{group: fleet.RoleViewer}), s.member(map[string]fleet.Role{group: fleet.RoleOperator})
	for _, path := range []string{hosts + "/" + host + "/maintenance-windows", "/api/v1/groups/" + group + "/maintenance-windows"} {
		id := s.must(201, operator, "POST", path, window(nil))["id"].(string)
		s.must(200, viewer, "GET", path+"/"+id, nil)
		s.refuse(403, "operator_required", viewer, "POST", path, window(nil))
		s.refuse(403, "operator_required", viewer, "PUT", path+"/"+id, window(nil))
		s.refuse(403, "operator_required", viewer, "DELETE", path+"/"+id, nil)
		s.must(200, operator, "PUT", path+"/"+id, window(nil))
		s.must(204, operator, "DELETE", path+"/"+id, nil)
	}
}

func TestAnOwnerHasAtMost100Windows(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for i := range fleet.MaxWindowsPerOwner {
		s.must(201, s.admin, "POST", siteWindows, window(map[string]any{"label": fmt.Sprint(i)}))
	}
	s.refuse(409, "limit_exceeded", s.admin, "POST", siteWindows, window(nil))
	s.must(201, s.admin, "POST", hosts+"/"+s.host("a.example.com")+"/maintenance-windows", window(nil))
	first := s.must(200, s.admin, "GET", siteWindows+"?limit=60", nil)
	rest := s.must(200, s.admin, "GET", siteWindows+"?limit=60&cursor="+first["next_cursor"].(string), nil)
	require.Len(t, items(t, rest), 40)
	require.Nil(t, rest["next_cursor"])
	require.Equal(t, "60", items(t, rest)[0]["label"])
}

func TestWindowShowsItsNextOccurrencesWhetherItIsEnabledOrNot(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	w := s.must(201, s.admin, "POST", siteWindows, window(map[string]any{"enabled": false}))
	require.Len(t, w["next"], 5)
	got := items(t, s.must(200, s.admin, "GET", siteWindows+"/"+w["id"].(string)+"/occurrences?from=2026-03-28T12:00:00Z&limit=3", nil))
	require.Equal(t, []map[string]any{
		{"starts_at": "2026-03-28T21:30:00Z", "ends_at": "2026-03-28T23:30:00Z", "note": ""},
		{"starts_at": "2026-03-29T20:30:00Z", "ends_at": "2026-03-29T22:30:00Z", "note": ""},
		{"starts_at": "2026-03-30T20:30:00Z", "ends_at": "2026-03-30T22:30:00Z", "note": ""},
	}, got)
	for _, q := range []string{"limit=0", "limit=101", "from=1999-12-31T00:00:00Z", "from=2201-01-01T00:00:00Z", "from=yesterday"} {
		s.refuse(422, "invalid_field", s.admin, "GET", siteWindows+"/"+w["id"].(string)+"/occurrences?"+q, nil)
	}
	require.Len(t, items(t, s.must(200, s.admin, "GET", siteWindows+"/"+w["id"].(string)+"/occurrences?limit=100", nil)), 100)
}

func TestPreviewOfAWindowShowsWhatItsOccurrencesWouldBeAndStoresNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	caller := s.member(nil)
	body := window(map[string]any{"start_time": "02:30", "duration_minutes": 60, "enabled": false})
	got := s.must(200, caller, "POST", windowPreview+"?from=2026-03-28T12:00:00Z&limit=2", body)
	require.Equal(t, []map[string]any{
		{
			"starts_at": "2026-03-29T01:00:00Z", "ends_at": "2026-03-29T02:00:00Z",
			"note": "02:30 is skipped on 2026-03-29, as the clocks go forward: it starts at 03:00 and ends at 04:00 instead of 03:30.",
		},
		{"starts_at": "2026-03-30T00:30:00Z", "ends_at": "2026-03-30T01:30:00Z", "note": ""},
	}, items(t, got))
	require.Zero(t, s.count(`select count(*) from maintenance_windows`))
	require.Zero(t, s.count(`select count(*) from audit_entries where action like 'maintenance_window.%'`))

	path := siteWindows + "/" + s.must(201, s.admin, "POST", siteWindows, body)["id"].(string) + "/occurrences"
	require.Equal(t, got, s.must(200, caller, "GET", path+"?from=2026-03-28T12:00:00Z&limit=2", nil))
	require.Len(t, items(t, s.must(200, caller, "POST", windowPreview, body)), 10)
	for _, q := range []string{"limit=1", "limit=100"} {
		s.must(200, caller, "POST", windowPreview+"?"+q, body)
	}
	for _, q := range []string{"limit=0", "limit=101", "from=1999-12-31T00:00:00Z", "from=2201-01-01T00:00:00Z", "from=yesterday"} {
		s.refuse(422, "invalid_field", caller, "POST", windowPreview+"?"+q, body)
	}
}

func TestSpansOfAHostAreItsWindowsWithEveryBlackoutTakenOut(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	group := s.group("g")
	host := s.host("a.example.com", group)
	at := func(time string, minutes int, kind string) map[string]any {
		return window(map[string]any{"time_zone": "UTC", "starts_on": "2030-06-01", "start_time": time, "duration_minutes": minutes, "recurrence": "once", "kind": kind})
	}
	s.must(201, s.admin, "POST", hosts+"/"+host+"/maintenance-windows", at("01:00", 120, "maintenance"))
	s.must(201, s.admin, "POST", "/api/v1/groups/"+group+"/maintenance-windows", at("02:00", 120, "maintenance"))
	s.must(201, s.admin, "POST", siteWindows, at("10:00", 60, "maintenance"))
	s.must(201, s.admin, "POST", siteWindows, at("03:30", 60, "blackout"))
	spans := func() []string {
		out := []string{}
		for _, i := range items(t, s.must(200, s.admin, "GET", hosts+"/"+host+"/occurrences?from=2030-06-01T00:00:00Z", nil)) {
			out = append(out, fmt.Sprint(i["starts_at"].(string)[11:16], " ", i["last_start_at"].(string)[11:16], " ", i["ends_at"].(string)[11:16]))
		}
		return out
	}
	require.Equal(t, []string{"01:00 03:15 03:30", "10:00 10:45 11:00"}, spans())
	s.must(200, s.admin, "PUT", hosts+"/"+host, map[string]any{"fqdn": "a.example.com", "inherit_windows": false})
	require.Equal(t, []string{"01:00 02:45 03:00"}, spans())
	s.must(201, s.admin, "POST", siteWindows, at("01:30", 240, "blackout"))
	require.Equal(t, []string{"01:00 01:15 01:30"}, spans(), "a blackout applies also to a host that inherits no windows")
}

func TestHostShowsItsNextSpan(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	with, without := s.host("a.example.com"), s.host("b.example.com")
	start := time.Now().UTC().Add(48 * time.Hour).Truncate(time.Minute)
	s.must(201, s.admin, "POST", hosts+"/"+with+"/maintenance-windows", window(map[string]any{
		"time_zone": "UTC", "starts_on": start.Format("2006-01-02"), "start_time": start.Format("15:04"), "recurrence": "once",
	}))
	want := map[string]any{"starts_at": start.Format(time.RFC3339), "ends_at": start.Add(2 * time.Hour).Format(time.RFC3339)}
	require.Equal(t, want, s.must(200, s.admin, "GET", hosts+"/"+with, nil)["span"])
	require.Nil(t, s.must(200, s.admin, "GET", hosts+"/"+without, nil)["span"])
	list := items(t, s.must(200, s.admin, "GET", hosts, nil))
	require.Equal(t, want, list[0]["span"])
	require.Nil(t, list[1]["span"])
}

func TestMonthlyWindowShowsAsManySpansAsAreAskedFor(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	host := s.host("a.example.com")
	s.must(201, s.admin, "POST", hosts+"/"+host+"/maintenance-windows", window(map[string]any{"recurrence": "monthly", "day_of_month": "last"}))
	require.Len(t, items(t, s.must(200, s.admin, "GET", hosts+"/"+host+"/occurrences?limit=100", nil)), 100)
}

func TestEditOfAWindowWakesWhoeverItAppliesTo(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	group := s.group("g")
	host := s.host("a.example.com", group)
	s.exec(`delete from wakeups`)
	s.must(201, s.admin, "POST", hosts+"/"+host+"/maintenance-windows", window(nil))
	s.must(201, s.admin, "POST", "/api/v1/groups/"+group+"/maintenance-windows", window(nil))
	id := s.must(201, s.admin, "POST", siteWindows, window(nil))["id"].(string)
	s.must(204, s.admin, "DELETE", siteWindows+"/"+id, nil)
	require.Equal(t, 1, s.count(`select count(*) from wakeups where host_id = $1`, host))
	require.Equal(t, 1, s.count(`select count(*) from wakeups where group_id = $1`, group))
	require.Equal(t, 2, s.count(`select count(*) from wakeups where num_nonnulls(host_id, group_id, job_id) = 0`))
	require.Equal(t, 2, s.count(`select count(*) from events where kind = 'window.changed' and site`))
	require.Equal(t, 2, s.count(`select count(*) from events where kind = 'window.changed' and group_ids = array[$1::uuid]`, group))
	require.Equal(t, 4, s.count(`select count(*) from audit_entries where subject_type = 'maintenance_window'`))
}
