package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func TestHostsOfAJobArePagedInOrderAndFiltered(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ids := []string{s.host("a.example.com"), s.host("b.example.com"), s.host("c.example.org")}
	job := s.job(s.admin, map[string]any{"host_ids": ids})
	path := jobs + "/" + job + "/hosts"
	first := s.must(200, s.admin, "GET", path+"?limit=2", nil)
	rest := s.must(200, s.admin, "GET", path+"?limit=2&cursor="+first["next_cursor"].(string), nil)
	require.Equal(t, []string{"a.example.com", "b.example.com", "c.example.org"}, append(pluck(t, first, "fqdn"), pluck(t, rest, "fqdn")...))
	require.Nil(t, rest["next_cursor"])
	s.status(job, ids[1], "failed", "agent_error")
	require.Equal(t, []string{"b.example.com"}, pluck(t, s.must(200, s.admin, "GET", path+"?status=failed", nil), "fqdn"))
	require.Equal(t, []string{"c.example.org"}, pluck(t, s.must(200, s.admin, "GET", path+"?q=ORG", nil), "fqdn"))
}

func TestJobHostShowsWhyItWaitsWhatTheGateSawAndItsPackages(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	host, check := s.host("a.example.com"), uuid.NewString()
	job := s.job(s.admin, map[string]any{"host_ids": []string{host}})
	s.exec(`update job_hosts set status = 'waiting_health_check', reason = 'health_check', detail = 'nginx: inactive', span_starts_at = '2026-01-01T01:00Z',
		span_last_start_at = '2026-01-01T02:45Z', span_ends_at = '2026-01-01T03:00Z', wait = $1`, map[string]any{
		"reason": "health_check", "detail": "nginx: inactive", "unblocks": "all checks healthy", "next_try_at": "2026-01-01T01:05:00Z",
		"until": "2026-01-01T02:45:00Z", "failing": []any{map[string]any{"check_id": check, "name": "nginx", "detail": "inactive", "checked_at": "2026-01-01T01:00:00Z"}},
	})
	for i := range 201 {
		s.exec(`insert into gate_evaluations (job_id, host_id, at, verdict, detail, checks) values ($1, $2, $3, 'shut', $4, $5)`, job, host,
			time.Date(2026, 1, 1, 1, 0, i, 0, time.UTC), fmt.Sprint(i), []any{map[string]any{"check_id": check, "name": "nginx", "enabled": true, "detail": "inactive"}})
	}
	s.exec(`insert into patch_attempts (id, job_id, host_id, number, state, send_before, finished_at, packages) values
		($1, $2, $3, 1, 'refused', now(), now(), '[{"name": "old"}]'), ($4, $2, $3, 2, 'accepted', now(), now(), '[{"name": "bash", "from": "1", "to": "2", "result": "installed"}]')`,
		uuid.NewString(), job, host, uuid.NewString())
	got := s.must(200, s.admin, "GET", jobs+"/"+job+"/hosts/"+host, nil)
	require.Equal(t, map[string]any{"starts_at": "2026-01-01T01:00:00Z", "last_start_at": "2026-01-01T02:45:00Z", "ends_at": "2026-01-01T03:00:00Z"}, got["span"])
	require.Equal(t, map[string]any{
		"reason": "health_check", "detail": "nginx: inactive", "unblocks": "all checks healthy", "next_try_at": "2026-01-01T01:05:00Z",
		"until":   "2026-01-01T02:45:00Z",
		"failing": []any{map[string]any{"check_id": check, "name": "nginx", "detail": "inactive", "checked_at": "2026-01-01T01:00:00Z"}},
	}, got["wait"])
	evaluations := got["evaluations"].([]any)
	require.Len(t, evaluations, 200)
	require.Equal(t, "1", evaluations[0].(map[string]any)["detail"], "the newest, in order of time")
	require.Equal(t, "200", evaluations[199].(map[string]any)["detail"])
	require.Equal(t, []any{map[string]any{"name": "bash", "from": "1", "to": "2", "result": "installed"}}, got["packages"])
}

func TestOutputIsReadFromWhereTheReaderStopped(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	host := s.host("a.example.com")
	job := s.job(s.admin, map[string]any{"host_ids": []string{host}})
	s.exec(`insert into job_host_output (job_id, host_id, seq, line) select $1, $2, n, 'line ' || n from generate_series(0, 4) n`, job, host)
	path := jobs + "/" + job + "/hosts/" + host + "/log"
	got := s.must(200, s.admin, "GET", path+"?limit=3", nil)
	require.Equal(t, []string{"line 0", "line 1", "line 2"}, pluck(t, got, "line"))
	require.EqualValues(t, 2, got["next_after"])
	got = s.must(200, s.admin, "GET", path+"?limit=3&after=2", nil)
	require.Equal(t, []string{"line 3", "line 4"}, pluck(t, got, "line"))
	require.Equal(t, false, got["ended"])
	s.status(job, host, "succeeded", "patched")
	got = s.must(200, s.admin, "GET", path+"?after=4", nil)
	require.Empty(t, items(t, got))
	require.EqualValues(t, 4, got["next_after"])
	require.Equal(t, true, got["ended"])
	for _, q := range []string{"limit=0", "limit=1001", "after=-2", "after=2147483648"} {
		s.refuse(422, "invalid_field", s.admin, "GET", path+"?"+q, nil)
	}
	s.must(200, s.admin, "GET", path+"?limit=1000&after=2147483647", nil)
}

func TestPreviewSaysWhenEachHostWouldStartAndWhyNot(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	soon, none, unsettled, busy := s.host("a.example.com"), s.host("b.example.com"), s.host("c.example.com"), s.host("d.example.com")
	start := time.Now().UTC().Add(48 * time.Hour).Truncate(time.Minute)
	once := func(minutes int, kind string) map[string]any {
		return window(map[string]any{
			"time_zone": "UTC", "starts_on": start.Format("2006-01-02"), "start_time": start.Format("15:04"), "recurrence": "once",
			"duration_minutes": minutes, "kind": kind,
		})
	}
	for _, host := range []string{soon, unsettled, busy} {
		s.must(201, s.admin, "POST", hosts+"/"+host+"/maintenance-windows", once(60, "maintenance"))
	}
	s.result(s.check(soon, "x"), "unhealthy", time.Now())
	other := s.job(s.admin, map[string]any{"host_ids": []string{unsettled, busy}})
	for _, host := range []string{unsettled, busy} {
		s.exec(`insert into patch_attempts (id, job_id, host_id, number, state, send_before) values ($1, $2, $3, 1, 'unknown', now())`, uuid.NewString(), other, host)
	}
	s.status(other, unsettled, "indeterminate", "outcome_unknown")
	s.status(other, busy, "running", "")
	before := s.count(`select count(*) from audit_entries`)

	got := s.must(200, s.admin, "POST", jobs+"/preview", map[string]any{"host_ids": []string{none, soon, unsettled, busy}})
	list := items(t, got)
	require.Equal(t, []string{none, unsettled, soon, busy}, pluck(t, got, "host_id"))
	require.Equal(t, []any{4.0, 2.0}, []any{got["hosts"], got["excluded"]})
	require.Equal(t, "unhealthy", list[2]["health"].(map[string]any)["state"])
	require.Equal(t, start.Format(time.RFC3339), list[2]["earliest_start_at"])
	require.Equal(t, map[string]any{"starts_at": start.Format(time.RFC3339), "ends_at": start.Add(time.Hour).Format(time.RFC3339)}, list[2]["span"])
	require.Nil(t, list[2]["excluded"])
	require.Equal(t, "no_window", list[0]["excluded"].(map[string]any)["reason"])
	require.Nil(t, list[0]["earliest_start_at"])
	require.Equal(t, "outcome_unsettled", list[1]["excluded"].(map[string]any)["reason"])
	require.Equal(t, []any{true, nil}, []any{list[3]["busy"], list[3]["excluded"]})
	require.Equal(t, before, s.count(`select count(*) from audit_entries`), "nothing was made")
	require.Empty(t, s.must(200, s.admin, "GET", jobs+"?host_id="+soon, nil)["items"])

	got = s.must(200, s.admin, "POST", jobs+"/preview", map[string]any{"host_ids": []string{soon}, "max_wait": "1h"})
	require.Equal(t, "no_window", items(t, got)[0]["excluded"].(map[string]any)["reason"], "none within max_wait")
	s.must(201, s.admin, "POST", siteWindows, once(40, "blackout"))
	got = s.must(200, s.admin, "POST", jobs+"/preview", map[string]any{"host_ids": []string{soon}})
	require.Equal(t, start.Add(40*time.Minute).Format(time.RFC3339), items(t, got)[0]["earliest_start_at"])
	got = s.must(200, s.admin, "POST", jobs+"/preview", map[string]any{"host_ids": []string{soon}, "allow_reboot": true})
	require.NotNil(t, items(t, got)[0]["excluded"], "20 minutes are not longer than the cutoff with a reboot")
	got = s.must(200, s.admin, "POST", jobs+"/preview", map[string]any{"host_ids": []string{none}, "immediate": true, "not_before": start})
	require.Equal(t, start.Add(40*time.Minute).Format(time.RFC3339), items(t, got)[0]["earliest_start_at"], "a blackout holds an immediate job too")
}

func TestHostsOfAJobAreSortedByStatusAndByTheirLastChangePageByPageEitherWay(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ids, names := []string{}, map[string]string{}
	for _, name := range strings.Fields("a b c d e f") {
		id := s.host(name + ".example.com")
		ids, names[id] = append(ids, id), name
	}
	job := s.job(s.admin, map[string]any{"host_ids": ids})
	for i, status := range strings.Fields("succeeded indeterminate queued failed queued running") {
		s.exec(`update job_hosts set status = $3::text, reason = case when $3 = 'queued' then null else 'x' end,
			phase = case when $3 = 'running' then 'applying' end, updated_at = '2026-01-09T00:00:00Z'::timestamptz + (5 * $4::integer % 6) * interval '1 ms'
			where job_id = $1 and host_id = $2`, job, ids[i], status, i)
	}
	walk := func(sort string) string {
		got, path := "", jobs+"/"+job+"/hosts?limit=2&sort="+sort
		for cursor := ""; ; {
			page := s.must(200, s.admin, "GET", path+cursor, nil)
			for _, id := range pluck(t, page, "host_id") {
				got += names[id]
			}
			if page["next_cursor"] == nil {
				return got
			}
			cursor = "&cursor=" + page["next_cursor"].(string)
		}
	}
	reversed := func(s string) string {
		runes := []rune(s)
		slices.Reverse(runes)
		return string(runes)
	}
	for sort, want := range map[string]string{"fqdn": "abcdef", "status": "bdfcea", "updated_at": "afedcb"} {
		require.Equal(t, want, walk(sort), sort)
		require.Equal(t, reversed(want), walk("-"+sort), sort)
	}
	rows := table(t, s.call(s.admin, "GET", jobs+"/"+job+"/hosts?format=csv&sort=-status", nil))
	require.Equal(t, "a.example.com", rows[1][2])
	first := s.must(200, s.admin, "GET", jobs+"/"+job+"/hosts?limit=2&sort=status", nil)
	path := jobs + "/" + job + "/hosts?limit=2&cursor=" + first["next_cursor"].(string)
	require.Equal(t, []string{"cursor"}, s.refuse(422, "invalid_cursor", s.admin, "GET", path, nil), "of another order")
}
