package api_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
)

const hosts = "/api/v1/hosts"

func TestHostIsReturnedAsItWasSent(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	group := s.group("web")
	sent := map[string]any{
		"fqdn": "Web1.example.com", "address": "10.0.0.7", "agent_port": 1234, "display_name": "Web ☃", "zone": "dmz",
		"labels": map[string]any{"role": "web"}, "group_ids": []any{group}, "inherit_windows": false,
	}
	a := s.call(s.admin, "POST", hosts, sent)
	require.Equal(t, 201, a.status, "%s", a.body)
	created := a.json(t)
	require.Equal(t, hosts+"/"+created["id"].(string), a.header.Get("Location"))
	got := s.must(200, s.admin, "GET", a.header.Get("Location"), nil)
	require.Equal(t, created, got)
	for field, value := range sent {
		require.EqualValues(t, value, got[field], field)
	}
	require.Equal(t, map[string]any{"state": "none", "healthy": 0.0, "unhealthy": 0.0, "unknown": 0.0, "oldest_result_at": nil, "stale": false}, got["health"])
	require.Nil(t, got["agent"].(map[string]any)["reachable"])
}

func TestAbsentFieldsOfAHostGetTheirDefaultsAlsoOnReplace(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	group := s.group("web")
	h := s.must(201, s.admin, "POST", hosts, map[string]any{
		"fqdn": "a.example.com", "address": "10.0.0.1", "agent_port": 1, "labels": map[string]any{"a": "b"}, "display_name": "x",
		"zone": "dmz", "inherit_windows": false, "group_ids": []string{group},
	})
	got := s.must(200, s.admin, "PUT", hosts+"/"+h["id"].(string), map[string]any{"fqdn": "b.example.com"})
	require.Equal(t, "b.example.com", got["address"])
	require.EqualValues(t, 12443, got["agent_port"])
	require.Equal(t, map[string]any{}, got["labels"])
	require.Empty(t, got["display_name"])
	require.Equal(t, "default", got["zone"])
	require.Equal(t, true, got["inherit_windows"])
	require.Equal(t, []any{group}, got["group_ids"], "absent groups stay")
	got = s.must(200, s.admin, "PUT", hosts+"/"+h["id"].(string), map[string]any{"fqdn": "b.example.com", "group_ids": []string{}})
	require.Equal(t, []any{}, got["group_ids"], "an empty list takes the host out of all")
}

func TestOneMachineIsNotRegisteredTwice(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.host("web1.example.com")
	require.Equal(t, []string{"fqdn"}, s.refuse(409, "fqdn_taken", s.admin, "POST", hosts, map[string]any{"fqdn": "WEB1.example.COM"}))
	other := s.host("web2.example.com")
	s.refuse(409, "fqdn_taken", s.admin, "PUT", hosts+"/"+other, map[string]any{"fqdn": "web1.Example.com"})
}

func TestEachBrokenRuleOfAHostNamesItsField(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	label63, label64 := strings.Repeat("a", 63), strings.Repeat("a", 64)
	fqdn253 := strings.Repeat(label63+".", 3) + strings.Repeat("b", 61)
	require.Len(t, fqdn253, 253)
	labels := func(n int) map[string]any {
		m := map[string]any{}
		for i := range n {
			m[fmt.Sprintf("l%d", i)] = ""
		}
		return m
	}
	for name, c := range map[string]struct {
		body  map[string]any
		field string // empty: it is accepted
	}{
		"fqdn of 253":        {map[string]any{"fqdn": fqdn253}, ""},
		"fqdn of 254":        {map[string]any{"fqdn": fqdn253 + "b"}, "fqdn"},
		"label of fqdn 64":   {map[string]any{"fqdn": label64 + ".com"}, "fqdn"},
		"no fqdn":            {map[string]any{}, "fqdn"},
		"empty fqdn":         {map[string]any{"fqdn": ""}, "fqdn"},
		"final dot":          {map[string]any{"fqdn": "a.com."}, "fqdn"},
		"space":              {map[string]any{"fqdn": "a b"}, "fqdn"},
		"address as a name":  {map[string]any{"fqdn": "192.0.2.7"}, "fqdn"},
		"ipv6 address":       {map[string]any{"fqdn": "v6.com", "address": "2001:db8::1"}, ""},
		"bad address":        {map[string]any{"fqdn": "b.com", "address": "http://x"}, "address"},
		"port 1":             {map[string]any{"fqdn": "p1.com", "agent_port": 1}, ""},
		"port 65535":         {map[string]any{"fqdn": "p65535.com", "agent_port": 65535}, ""},
		"port 0":             {map[string]any{"fqdn": "p0.com", "agent_port": 0}, "agent_port"},
		"port 65536":         {map[string]any{"fqdn": "p.com", "agent_port": 65536}, "agent_port"},
		"display name 200":   {map[string]any{"fqdn": "d200.com", "display_name": strings.Repeat("é", 200)}, ""},
		"display name 201":   {map[string]any{"fqdn": "d.com", "display_name": strings.Repeat("é", 201)}, "display_name"},
		"control character":  {map[string]any{"fqdn": "d.com", "display_name": "a\x00b"}, "display_name"},
		"zone of 50":         {map[string]any{"fqdn": "z50.com", "zone": strings.Repeat("z", 50)}, ""},
		"zone of 51":         {map[string]any{"fqdn": "z.com", "zone": strings.Repeat("z", 51)}, "zone"},
		"zone in capitals":   {map[string]any{"fqdn": "z.com", "zone": "DMZ"}, "zone"},
		"64 labels":          {map[string]any{"fqdn": "l64.com", "labels": labels(64)}, ""},
		"65 labels":          {map[string]any{"fqdn": "l.com", "labels": labels(65)}, "labels"},
		"label value of 200": {map[string]any{"fqdn": "lv200.com", "labels": map[string]any{"a": strings.Repeat("v", 200)}}, ""},
		"label value of 201": {map[string]any{"fqdn": "l.com", "labels": map[string]any{"a": strings.Repeat("v", 201)}}, "labels.a"},
		"label name of 63":   {map[string]any{"fqdn": "ln63.com", "labels": map[string]any{label63: ""}}, ""},
		"label name of 64":   {map[string]any{"fqdn": "l.com", "labels": map[string]any{label64: ""}}, "labels"},
		"unknown field":      {map[string]any{"fqdn": "u.com", "colour": "red"}, "colour"},
		"field in capitals":  {map[string]any{"FQDN": "u.com", "fqdn": "u.com"}, "FQDN"},
		"wrong type":         {map[string]any{"fqdn": 7}, "fqdn"},
		"malformed group":    {map[string]any{"fqdn": "g.com", "group_ids": []string{"x"}}, "group_ids[0]"},
		"unknown group":      {map[string]any{"fqdn": "g.com", "group_ids": []string{uuid.NewString()}}, "group_ids[0]"},
	} {
		a := s.call(s.admin, "POST", hosts, c.body)
		if c.field == "" {
			require.Equal(t, 201, a.status, "%s: %s", name, a.body)
			continue
		}
		require.Equal(t, 422, a.status, "%s: %s", name, a.body)
		errs := a.json(t)["errors"].([]any)
		require.Equal(t, c.field, errs[0].(map[string]any)["field"], "%s: %s", name, a.body)
	}
}

func TestHostsAreListedPageByPageInOrderWithoutGapsOrRepeats(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	want := []string{}
	for i := range 7 {
		name := fmt.Sprintf("h%d.example.com", i)
		if i%2 == 1 {
			name = strings.ToUpper(name)
		}
		s.host(name)
		want = append(want, name)
	}
	got, path := []string{}, hosts+"?limit=2"
	for range 4 {
		page := s.must(200, s.admin, "GET", path, nil)
		got = append(got, pluck(t, page, "fqdn")...)
		if page["next_cursor"] == nil {
			path = ""
			break
		}
		path = hosts + "?limit=2&cursor=" + page["next_cursor"].(string)
	}
	require.Equal(t, want, got)
	require.Empty(t, path, "the last page has no cursor")
}

func TestLimitOfAPageIsFrom1To200(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, limit := range []string{"1", "200"} {
		s.must(200, s.admin, "GET", hosts+"?limit="+limit, nil)
	}
	for _, limit := range []string{"0", "201", "-1", "x", "1.5"} {
		require.Equal(t, []string{"limit"}, s.refuse(422, "invalid_field", s.admin, "GET", hosts+"?limit="+limit, nil))
	}
}

func TestCursorThatNoPageGaveIsRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.group("a")
	s.group("b")
	other := s.must(200, s.admin, "GET", "/api/v1/groups?limit=1", nil)["next_cursor"].(string)
	for _, c := range []string{"x", "eyJsIjoiaG9zdHMifQ%3D%3D", "e30", other} {
		require.Equal(t, []string{"cursor"}, s.refuse(422, "invalid_cursor", s.admin, "GET", hosts+"?cursor="+c, nil), c)
	}
}

func TestUnknownQueryParameterIsRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	require.Equal(t, []string{"zon"}, s.refuse(422, "unknown_field", s.admin, "GET", hosts+"?zon=dmz", nil))
}

func TestHostsAreFilteredByTextGroupZoneHealthAndLabels(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	group := s.group("g")
	add := func(fqdn string, more map[string]any) string {
		more["fqdn"] = fqdn
		return s.must(201, s.admin, "POST", hosts, more)["id"].(string)
	}
	a := add("a.example.com", map[string]any{"group_ids": []string{group}, "labels": map[string]any{"env": "prod", "x": "1"}})
	b := add("b.example.com", map[string]any{"zone": "dmz", "display_name": "100% Büro_1", "labels": map[string]any{"env": "test"}})
	c := add("c.example.com", map[string]any{"address": "10.1.2.3"})
	s.result(s.check(a, "one"), "healthy", time.Now())
	s.result(s.check(b, "one"), "unhealthy", time.Now())
	s.check(c, "one")
	add("d.example.com", map[string]any{})
	for query, want := range map[string][]string{
		"q=EXAMPLE.com":                {"a", "b", "c", "d"},
		"q=%25":                        {"b"},
		"q=b%C3%BCro_":                 {"b"},
		"q=10.1.2":                     {"c"},
		"group_id=" + group:            {"a"},
		"group_id=" + uuid.NewString(): {},
		"group_id=x":                   {},
		"zone=dmz":                     {"b"},
		"health=healthy":               {"a"},
		"health=unhealthy":             {"b"},
		"health=unknown":               {"c"},
		"health=none":                  {"d"},
		"label=env":                    {"a", "b"},
		"label=env%3Dprod":             {"a"},
		"label=env&label=x":            {"a"},
		"label=env%3Dtest&label=x":     {},
	} {
		got := []string{}
		for _, name := range pluck(t, s.must(200, s.admin, "GET", hosts+"?"+query, nil), "fqdn") {
			got = append(got, strings.TrimSuffix(name, ".example.com"))
		}
		require.Equal(t, want, got, query)
	}
	require.Equal(t, []string{"health"}, s.refuse(422, "invalid_field", s.admin, "GET", hosts+"?health=ill", nil))
}

func TestResultsOlderThanTwoPollsAreUnknownAndDisabledChecksDoNotCount(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	host := s.host("a.example.com")
	fresh, stale, failed := s.check(host, "fresh"), s.check(host, "stale"), s.check(host, "failed")
	s.check(host, "never")
	now := time.Now()
	s.result(fresh, "healthy", now.Add(-9*time.Minute))
	s.result(stale, "healthy", now.Add(-11*time.Minute))
	s.result(failed, "error", now)
	health := s.must(200, s.admin, "GET", hosts+"/"+host, nil)["health"].(map[string]any)
	require.Equal(t, "unknown", health["state"])
	require.Equal(t, []any{1.0, 0.0, 3.0}, []any{health["healthy"], health["unhealthy"], health["unknown"]})
	oldest, err := time.Parse(time.RFC3339Nano, health["oldest_result_at"].(string))
	require.NoError(t, err)
	require.WithinDuration(t, now.Add(-11*time.Minute), oldest, time.Second)

	s.result(stale, "healthy", now.Add(-97*time.Hour))
	health = s.must(200, s.admin, "GET", hosts+"/"+host, nil)["health"].(map[string]any)
	require.InDelta(t, 3, health["unknown"], 0)
	oldest, err = time.Parse(time.RFC3339Nano, health["oldest_result_at"].(string))
	require.NoError(t, err)
	require.WithinDuration(t, now.Add(-9*time.Minute), oldest, time.Second, "a result past its retention is shown nowhere")

	s.exec(`update host_health_checks set enabled = false where name <> 'fresh'`)
	health = s.must(200, s.admin, "GET", hosts+"/"+host, nil)["health"].(map[string]any)
	require.Equal(t, "healthy", health["state"])
	s.exec(`update host_health_checks set enabled = false`)
	health = s.must(200, s.admin, "GET", hosts+"/"+host, nil)["health"].(map[string]any)
	require.Equal(t, "none", health["state"])
	require.Nil(t, health["oldest_result_at"])
}

func TestAResultIsStaleTwoPollsAfterItByTheClockOfTheServer(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	host := s.host("a.example.com")
	check, disabled := s.check(host, "enabled"), s.check(host, "disabled")
	now := time.Now().UTC().Truncate(time.Microsecond)
	s.result(check, "healthy", now)
	s.result(disabled, "healthy", now.Add(-time.Hour))
	s.exec(`update host_health_checks set enabled = false where id = $1`, disabled)
	for age, stale := range map[time.Duration]bool{0: false, 10 * time.Minute: false, 10*time.Minute + 1: true, 94 * time.Hour: true} {
		s.serve(func(cfg *apiConfig) { cfg.Now = func() time.Time { return now.Add(age) } })
		path := hosts + "/" + host
		results := map[string]any{}
		for _, c := range items(t, s.must(200, s.admin, "GET", path+"/health-checks", nil)) {
			results[c["name"].(string)] = c["last_result"].(object)["stale"]
		}
		require.Equal(t, map[string]any{"enabled": stale, "disabled": false}, results, age)
		require.Equal(t, stale, s.must(200, s.admin, "GET", path, nil)["health"].(object)["stale"], age)
		require.Equal(t, stale, items(t, s.must(200, s.admin, "GET", hosts, nil))[0]["health"].(object)["stale"], age)
		preview := s.must(200, s.admin, "POST", "/api/v1/jobs/preview", map[string]any{"host_ids": []string{host}, "immediate": true})
		require.Equal(t, stale, items(t, preview)[0]["health"].(object)["stale"], age)
	}
	s.exec(`update host_health_checks set enabled = false`)
	require.Equal(t, false, s.must(200, s.admin, "GET", hosts+"/"+host, nil)["health"].(object)["stale"])
}

func TestHostWithAnUnfinishedPatchIsNotDeleted(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	host := s.host("a.example.com")
	job := uuid.NewString()
	s.exec(`insert into jobs (id, created_by, created_by_name, max_parallel, max_failures, max_parallel_hosts, max_failures_hosts,
		gate_timeout_seconds, max_wait_seconds) values ($1, $1, 'x', '1', '1', 1, 1, 1, 1)`, job)
	s.exec(`insert into patch_attempts (id, job_id, host_id, number, send_before) values ($1, $1, $2, 1, now())`, job, host)
	s.refuse(409, "attempt_unfinished", s.admin, "DELETE", hosts+"/"+host, nil)
	s.exec(`update patch_attempts set finished_at = now()`)
	s.must(204, s.admin, "DELETE", hosts+"/"+host, nil)
	s.refuse(404, "not_found", s.admin, "GET", hosts+"/"+host, nil)
	require.Equal(t, 1, s.count(`select count(*) from wakeups where host_id = $1`, host), "its waiting runs hear of it")
}

func TestLastInventoryIsShownWithItsAge(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	host := s.host("a.example.com")
	got := s.must(200, s.admin, "GET", hosts+"/"+host+"/patches", nil)
	require.Nil(t, got["inventory_at"])
	require.Empty(t, items(t, got))
	s.exec(`insert into host_inventories (host_id, at, os, patches) values ($1, now() - interval '90 s', 'Debian',
		'[{"name": "bash", "current_version": "1", "available_version": "2", "requires_reboot": true}]')`, host)
	got = s.must(200, s.admin, "GET", hosts+"/"+host+"/patches", nil)
	require.InDelta(t, 90, got["age_seconds"], 10)
	require.Equal(t, []map[string]any{{
		"name": "bash", "current_version": "1", "available_version": "2", "severity": "", "requires_reboot": true, "held": false,
	}}, items(t, got))
}

func TestEveryChangeOfAHostWritesItsAuditEntryAndEvent(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	group := s.group("g")
	host := s.host("a.example.com", group)
	s.must(200, s.admin, "PUT", hosts+"/"+host, map[string]any{"fqdn": "b.example.com"}, "X-Request-Id", "my-request.1")
	s.must(204, s.admin, "DELETE", hosts+"/"+host, nil)
	for _, action := range []string{"host.create", "host.update", "host.delete"} {
		require.Equal(t, 1, s.count(`select count(*) from audit_entries where action = $1 and subject_id = $2
			and actor_name = 'root' and actor_id is not null and remote_addr <> ''`, action, host), action)
	}
	require.Equal(t, 1, s.count(`select count(*) from audit_entries where request_id = 'my-request.1'`))
	require.Equal(t, 3, s.count(`select count(*) from events where subject_id = $1 and group_ids = array[$2::uuid]`, host, group))
}

func TestRefusedChangeLeavesNeitherEntryNorEvent(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.host("a.example.com")
	before := s.count(`select (select count(*) from audit_entries) + (select count(*) from events) + (select count(*) from wakeups)`)
	s.refuse(409, "fqdn_taken", s.admin, "POST", hosts, map[string]any{"fqdn": "a.example.com"})
	require.Equal(t, before, s.count(`select (select count(*) from audit_entries) + (select count(*) from events) + (select count(*) from wakeups)`))
}

func TestOperatorCreatesHostsOnlyInGroupsOfTheirOwn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	own, seen, foreign := s.group("own"), s.group("seen"), s.group("foreign")
	operator := s.member(map[string]fleet.Role{own: fleet.RoleOperator, seen: fleet.RoleViewer})
	body := func(groups ...string) map[string]any {
		return map[string]any{"fqdn": "a.example.com", "group_ids": groups}
	}
	require.Equal(t, []string{"group_ids"}, s.refuse(422, "invalid_field", operator, "POST", hosts, map[string]any{"fqdn": "a.example.com"}))
	require.Equal(t, []string{"group_ids[1]"}, s.refuse(422, "invalid_field", operator, "POST", hosts, body(own, foreign)))
	s.refuse(403, "operator_required", operator, "POST", hosts, body(own, seen))
	require.Equal(t, 0, s.count(`select count(*) from hosts`))
	s.must(201, operator, "POST", hosts, body(own))
}

func TestChangingGroupsOrDeletingTakesTheOperatorRoleInAllOfThem(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	one, two, three := s.group("one"), s.group("two"), s.group("three")
	host := s.host("a.example.com", one, two)
	operator := s.member(map[string]fleet.Role{one: fleet.RoleOperator, three: fleet.RoleOperator})
	edit := func(groups ...string) map[string]any {
		return map[string]any{"fqdn": "a.example.com", "group_ids": append([]string{}, groups...)}
	}
	path := hosts + "/" + host

	got := s.must(200, operator, "PUT", path, edit(one))
	require.Equal(t, []any{one}, got["group_ids"], "the group that is out of sight stays out of the answer")
	require.Equal(t, 2, s.count(`select count(*) from group_hosts where host_id = $1`, host), "and the host stays in it")
	s.refuse(403, "out_of_scope", operator, "PUT", path, edit(one, three))
	s.refuse(403, "out_of_scope", operator, "PUT", "/api/v1/groups/"+three+"/hosts/"+host, nil)
	s.refuse(403, "out_of_scope", operator, "DELETE", "/api/v1/groups/"+one+"/hosts/"+host, nil)
	s.refuse(403, "out_of_scope", operator, "DELETE", path, nil)

	both := s.member(map[string]fleet.Role{one: fleet.RoleOperator, two: fleet.RoleOperator, three: fleet.RoleOperator})
	s.must(204, both, "PUT", "/api/v1/groups/"+three+"/hosts/"+host, nil)
	s.must(200, both, "PUT", path, edit(three))
	require.Equal(t, []string{"group_ids"}, s.refuse(422, "invalid_field", both, "PUT", path, edit()))
	require.Equal(t, []string{"group_ids"}, s.refuse(422, "invalid_field", both, "DELETE", "/api/v1/groups/"+three+"/hosts/"+host, nil))
	s.must(204, both, "DELETE", path, nil)
}

func TestViewerReadsAndChangesNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	group := s.group("g")
	host := s.host("a.example.com", group)
	viewer := s.member(map[string]fleet.Role{group: fleet.RoleViewer})
	path := hosts + "/" + host
	s.must(200, viewer, "GET", path, nil)
	s.refuse(403, "operator_required", viewer, "PUT", path, map[string]any{"fqdn": "b.example.com"})
	s.refuse(403, "operator_required", viewer, "DELETE", path, nil)
	s.refuse(403, "operator_required", viewer, "POST", path+"/health-checks", serviceCheck("x"))
}
