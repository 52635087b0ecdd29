package api_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/patch-manager/patch-manager/fleet"
)

const jobs = "/api/v1/jobs"

func (s *site) job(token string, body map[string]any) string {
	s.t.Helper()
	return s.must(202, token, "POST", jobs, body)["id"].(string)
}

// status moves a host of a job to a status as its run would.
func (s *site) status(job, host, status, reason string) {
	s.t.Helper()
	s.exec(`update job_hosts set status = $3, reason = nullif($4, ''), phase = case when $3 = 'running' then 'applying' end
		where job_id = $1 and host_id = $2`, job, host, status, reason)
}

func TestJobIsAcceptedWithItsDefaultsAndStartsItsRun(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	host := s.host("a.example.com")
	a := s.call(s.admin, "POST", jobs, map[string]any{"host_ids": []string{host}})
	require.Equal(t, 202, a.status, "%s", a.body)
	job := a.json(t)
	id := job["id"].(string)
	require.Equal(t, jobs+"/"+id, a.header.Get("Location"))
	for field, want := range map[string]any{
		"status": "queued", "packages": nil, "immediate": false, "allow_reboot": false, "max_parallel": "10", "max_failures": "3",
		"gate_timeout": "1h", "max_wait": "864h", "notes": "", "not_before": nil, "retry_of": nil, "started_at": nil,
		"counts":   map[string]any{"hosts": 1.0, "by_status": map[string]any{"queued": 1.0}, "by_reason": map[string]any{}},
		"temporal": map[string]any{"workflow_id": "patch-job/" + id, "run_id": nil, "url": "http://ui/"},
	} {
		require.Equal(t, want, job[field], field)
	}
	require.Equal(t, "root", job["created_by"].(map[string]any)["name"])
	require.Equal(t, []string{id}, s.runs.started)
	require.Equal(t, job, s.must(200, s.admin, "GET", jobs+"/"+id, nil))
	row := s.must(200, s.admin, "GET", jobs+"/"+id+"/hosts/"+host, nil)
	require.Equal(t, "queued", row["status"])
	require.Contains(t, row["times"], "queued")
	require.Equal(t, 1, s.count(`select count(*) from audit_entries where action = 'job.create' and subject_id = $1`, id))
	require.Equal(t, 1, s.count(`select count(*) from events where kind = 'job.changed' and subject_id = $1`, id))
}

func TestJobIsReturnedAsItWasSent(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	group := s.group("g")
	s.host("a.example.com", group)
	sent := map[string]any{
		"group_ids": []any{group}, "packages": []any{"bash", "libc6:amd64"}, "immediate": true, "allow_reboot": true, "max_parallel": "50%",
		"max_failures": "10%", "gate_timeout": "1m30s", "max_wait": "1h30m", "notes": "two\nlines", "not_before": "2026-12-24T18:00:00Z",
	}
	job := s.must(202, s.admin, "POST", jobs, sent)
	for field, want := range sent {
		require.Equal(t, want, job[field], field)
	}
}

func TestHostsOfAJobAreResolvedOnceWhenItIsMade(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	one, two := s.group("one"), s.group("two")
	a, b, c := s.host("a.example.com", one), s.host("b.example.com", one, two), s.host("c.example.com")
	job := s.job(s.admin, map[string]any{"host_ids": []string{c, b, c, strings.ToUpper(a)}, "group_ids": []string{one, two}})
	s.host("late.example.com", one)
	got := s.must(200, s.admin, "GET", jobs+"/"+job+"/hosts", nil)
	require.Equal(t, []string{"a.example.com", "b.example.com", "c.example.com"}, pluck(t, got, "fqdn"))
	require.Equal(t, []string{a, b, c}, pluck(t, got, "host_id"))
}

func TestHostsOfAJobAreDividedIntoBatchesOf200(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	group := s.manyHosts(201)
	job := s.job(s.admin, map[string]any{"group_ids": []string{group}, "max_parallel": "10%", "max_failures": "1%"})
	require.Equal(t, 200, s.count(`select count(*) from job_hosts where job_id = $1 and batch = 0`, job))
	require.Equal(t, 1, s.count(`select count(*) from job_hosts where job_id = $1 and batch = 1`, job))
	require.Equal(t, 1, s.count(`select count(*) from jobs where max_parallel_hosts = 20 and max_failures_hosts = 3`), "rounded down and up")
}

// manyHosts makes n hosts in a group of their own.
func (s *site) manyHosts(n int) string {
	s.t.Helper()
	group := s.group(fmt.Sprintf("many %s", uuid.NewString()))
	s.exec(`with made as (insert into hosts (id, fqdn, address)
			select gen_random_uuid(), 'h' || n || '.' || $1, 'x' from generate_series(1, $2) n returning id)
		insert into group_hosts select $1::uuid, id from made`, group, n)
	return group
}

func TestAJobHasAtMost10000Hosts(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	group := s.manyHosts(10000)
	job := s.must(202, s.admin, "POST", jobs, map[string]any{"group_ids": []string{group}})
	require.EqualValues(t, 10000, job["counts"].(map[string]any)["hosts"])
	more := s.host("more.example.com")
	require.Equal(t, []string{"group_ids"}, s.refuse(422, "invalid_field", s.admin, "POST", jobs, map[string]any{"host_ids": []string{more}, "group_ids": []string{group}}))
	preview := s.must(200, s.admin, "POST", jobs+"/preview", map[string]any{"group_ids": []string{group}})
	require.EqualValues(t, 10000, preview["hosts"])
}

func TestEachBrokenRuleOfAJobNamesItsField(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	host, empty := s.host("a.example.com"), s.group("empty")
	many := func(n int) []string {
		out := make([]string, n)
		for i := range out {
			out[i] = fmt.Sprintf("p%d", i)
		}
		return out
	}
	for name, c := range map[string]struct {
		body  map[string]any
		field string // empty: it is accepted
	}{
		"no hosts":              {map[string]any{"host_ids": absent}, "host_ids"},
		"empty lists":           {map[string]any{"host_ids": []string{}, "group_ids": []string{}}, "host_ids"},
		"a group without hosts": {map[string]any{"host_ids": absent, "group_ids": []string{empty}}, "group_ids"},
		"malformed host":        {map[string]any{"host_ids": []string{host, "x"}}, "host_ids[1]"},
		"unknown host":          {map[string]any{"host_ids": []string{host, uuid.NewString()}}, "host_ids[1]"},
		"unknown group":         {map[string]any{"group_ids": []string{uuid.NewString()}}, "group_ids[0]"},
		"no packages":           {map[string]any{"packages": []string{}}, "packages"},
		"1000 packages":         {map[string]any{"packages": many(1000)}, ""},
		"1001 packages":         {map[string]any{"packages": many(1001)}, "packages"},
		"package twice":         {map[string]any{"packages": []string{"a", "a"}}, "packages[1]"},
		"package as an option":  {map[string]any{"packages": []string{"--force"}}, "packages[0]"},
		"package of 200":        {map[string]any{"packages": []string{strings.Repeat("p", 200)}}, ""},
		"package of 201":        {map[string]any{"packages": []string{strings.Repeat("p", 201)}}, "packages[0]"},
		"parallel 1":            {map[string]any{"max_parallel": "1"}, ""},
		"parallel 0":            {map[string]any{"max_parallel": "0"}, "max_parallel"},
		"parallel 100%":         {map[string]any{"max_parallel": "100%"}, ""},
		"parallel 101%":         {map[string]any{"max_parallel": "101%"}, "max_parallel"},
		"parallel as a number":  {map[string]any{"max_parallel": 5}, "max_parallel"},
		"failures 0%":           {map[string]any{"max_failures": "0%"}, "max_failures"},
		"failures in words":     {map[string]any{"max_failures": "few"}, "max_failures"},
		"gate timeout 1s":       {map[string]any{"gate_timeout": "1s"}, ""},
		"gate timeout 168h":     {map[string]any{"gate_timeout": "168h"}, ""},
		"gate timeout above":    {map[string]any{"gate_timeout": "168h1s"}, "gate_timeout"},
		"gate timeout 0":        {map[string]any{"gate_timeout": "0s"}, "gate_timeout"},
		"gate timeout below 1s": {map[string]any{"gate_timeout": "999ms"}, "gate_timeout"},
		"half seconds":          {map[string]any{"gate_timeout": "1500ms"}, "gate_timeout"},
		"no unit":               {map[string]any{"gate_timeout": "60"}, "gate_timeout"},
		"max wait 8784h":        {map[string]any{"max_wait": "8784h"}, ""},
		"max wait above":        {map[string]any{"max_wait": "8784h1s"}, "max_wait"},
		"not before in a year":  {map[string]any{"not_before": time.Now().Add(365 * 24 * time.Hour)}, ""},
		"not before above":      {map[string]any{"not_before": time.Now().Add(367 * 24 * time.Hour)}, "not_before"},
		"not before no time":    {map[string]any{"not_before": "tomorrow"}, "not_before"},
		"notes of 2000":         {map[string]any{"notes": strings.Repeat("é", 2000)}, ""},
		"notes of 2001":         {map[string]any{"notes": strings.Repeat("é", 2001)}, "notes"},
		"NUL in notes":          {map[string]any{"notes": "\x00"}, "notes"},
		"unknown field":         {map[string]any{"force": true}, "force"},
	} {
		body := map[string]any{"host_ids": []string{host}}
		for k, v := range c.body {
			body[k] = v
			if v == absent {
				delete(body, k)
			}
		}
		for _, path := range []string{jobs, jobs + "/preview"} {
			a := s.call(s.admin, "POST", path, body)
			if c.field == "" {
				require.Contains(t, []int{200, 202}, a.status, "%s: %s", name, a.body)
				continue
			}
			require.Equal(t, 422, a.status, "%s: %s", name, a.body)
			require.Equal(t, c.field, a.json(t)["errors"].([]any)[0].(map[string]any)["field"], "%s: %s", name, a.body)
		}
	}
}

func TestJobIsAcceptedWhileTemporalIsAway(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.runs.err = fleet.Unavailable("temporal_unavailable", "Temporal does not answer")
	host := s.host("a.example.com")
	job := s.job(s.admin, map[string]any{"host_ids": []string{host}})
	s.must(202, s.admin, "POST", jobs+"/"+job+"/hosts/"+host+"/cancel", nil)
	s.must(202, s.admin, "POST", jobs+"/"+job+"/cancel", nil)
	require.Equal(t, 1, s.count(`select count(*) from jobs where cancel_requested_at is not null`))
}

func TestOneForeignHostRefusesTheWholeJobAndIsNamedAsUnknown(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	own, seen, foreign := s.group("own"), s.group("seen"), s.group("foreign")
	mine, visible, theirs := s.host("own.example.com", own), s.host("seen.example.com", seen), s.host("foreign.example.com", foreign)
	operator := s.member(map[string]fleet.Role{own: fleet.RoleOperator, seen: fleet.RoleViewer})
	for _, path := range []string{jobs, jobs + "/preview"} {
		real := s.call(operator, "POST", path, map[string]any{"host_ids": []string{mine, theirs}})
		none := uuid.NewString()
		missing := s.call(operator, "POST", path, map[string]any{"host_ids": []string{mine, none}})
		require.Equal(t, 422, real.status)
		require.Equal(t, strings.ReplaceAll(string(missing.body), none, theirs), string(real.body))
		require.Contains(t, string(real.body), "unknown host "+theirs)
		real = s.call(operator, "POST", path, map[string]any{"group_ids": []string{own, foreign}})
		missing = s.call(operator, "POST", path, map[string]any{"group_ids": []string{own, none}})
		require.Equal(t, strings.ReplaceAll(string(missing.body), none, foreign), string(real.body))
		s.refuse(403, "operator_required", operator, "POST", path, map[string]any{"host_ids": []string{mine, visible}})
		s.refuse(403, "operator_required", operator, "POST", path, map[string]any{"group_ids": []string{seen}})
	}
	require.Zero(t, s.count(`select count(*) from jobs`))
	require.Empty(t, s.runs.started)
	s.job(operator, map[string]any{"host_ids": []string{mine}})
	s.job(operator, map[string]any{"group_ids": []string{own}})
}

func TestOneKeyMakesOneJobHoweverOftenItIsSent(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	host, other := s.host("a.example.com"), s.host("b.example.com")
	body := map[string]any{"host_ids": []string{host}, "notes": "x"}
	answers := make([]answer, 100)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() { answers[i] = s.call(s.admin, "POST", jobs, body, "Idempotency-Key", "key-1") })
	}
	wg.Wait()
	for _, a := range answers {
		require.Equal(t, 202, a.status, "%s", a.body)
		require.Equal(t, string(answers[0].body), string(a.body))
		require.Equal(t, answers[0].header.Get("Location"), a.header.Get("Location"))
	}
	require.Equal(t, 1, s.count(`select count(*) from jobs`))
	require.Equal(t, 1, s.count(`select count(*) from audit_entries where action = 'job.create'`))
	require.Len(t, s.runs.started, 1)

	s.refuse(409, "idempotency_key_reused", s.admin, "POST", jobs, map[string]any{"host_ids": []string{other}, "notes": "x"}, "Idempotency-Key", "key-1")
	same := s.call(s.admin, "POST", jobs, fmt.Sprintf(`{ "notes": "x", "host_ids": [%q] }`, host), "Idempotency-Key", "key-1")
	require.Equal(t, 202, same.status, "what the body means counts, not how it is written")
	group := s.group("g")
	s.must(204, s.admin, "PUT", "/api/v1/groups/"+group+"/hosts/"+host, nil)
	operator := s.member(map[string]fleet.Role{group: fleet.RoleOperator})
	s.must(202, operator, "POST", jobs, body, "Idempotency-Key", "key-1")
	require.Equal(t, 2, s.count(`select count(*) from jobs`), "a key is the principal's own")
	for key, status := range map[string]int{strings.Repeat("k", 200): 202, strings.Repeat("k", 201): 422, "a b": 422, "é": 422} {
		require.Equal(t, status, s.call(s.admin, "POST", jobs, body, "Idempotency-Key", key).status, key)
	}
}

func TestStatusAndCountsOfAJobAreOfTheHostsThatTheCallerSees(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	one, two := s.group("one"), s.group("two")
	a, b := s.host("a.example.com", one), s.host("b.example.com", two)
	job := s.job(s.admin, map[string]any{"host_ids": []string{a, b}})
	s.status(job, a, "succeeded", "patched")
	s.status(job, b, "failed", "agent_error")
	viewer := s.member(map[string]fleet.Role{one: fleet.RoleViewer})
	got := s.must(200, viewer, "GET", jobs+"/"+job, nil)
	require.Equal(t, "succeeded", got["status"])
	require.Equal(t, map[string]any{"hosts": 1.0, "by_status": map[string]any{"succeeded": 1.0}, "by_reason": map[string]any{"patched": 1.0}}, got["counts"])
	require.Equal(t, []string{"a.example.com"}, pluck(t, s.must(200, viewer, "GET", jobs+"/"+job+"/hosts", nil), "fqdn"))
	require.Equal(t, "partially_succeeded", s.must(200, s.admin, "GET", jobs+"/"+job, nil)["status"])
	require.Empty(t, items(t, s.must(200, s.member(nil), "GET", jobs, nil)))
}

func TestJobIsSeenThroughTheGroupsOfTodayAndThroughTheCopyOnceTheHostIsGone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	before, after := s.group("before"), s.group("after")
	host := s.host("a.example.com", before)
	path := jobs + "/" + s.job(s.admin, map[string]any{"host_ids": []string{host}})
	old, current := s.member(map[string]fleet.Role{before: fleet.RoleOperator}), s.member(map[string]fleet.Role{after: fleet.RoleOperator})
	s.must(200, old, "GET", path, nil)
	s.refuse(404, "not_found", current, "GET", path, nil)
	s.must(200, s.admin, "PUT", hosts+"/"+host, map[string]any{"fqdn": "a.example.com", "group_ids": []string{after}})
	s.refuse(404, "not_found", old, "GET", path, nil)
	s.must(200, current, "GET", path, nil)
	s.must(204, s.admin, "DELETE", hosts+"/"+host, nil)
	s.must(200, old, "GET", path, nil)
	row := s.must(200, old, "GET", path+"/hosts/"+host, nil)
	require.Equal(t, "a.example.com", row["fqdn"], "the row outlives the host")
}

func TestForeignJobsAnswerLikeThoseThatDoNotExist(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	own, foreign := s.group("own"), s.group("foreign")
	mine, theirs := s.host("own.example.com", own), s.host("foreign.example.com", foreign)
	hidden := s.job(s.admin, map[string]any{"host_ids": []string{theirs}})
	shared := s.job(s.admin, map[string]any{"host_ids": []string{mine, theirs}})
	token := s.member(map[string]fleet.Role{own: fleet.RoleOperator})
	settle := map[string]any{"outcome": "failed"}
	for _, c := range []struct {
		method, path string
		body         any
	}{
		{"GET", "", nil},
		{"GET", "/hosts", nil},
		{"POST", "/cancel", nil},
		{"POST", "/retry", nil},
		{"GET", "/hosts/" + theirs, nil},
		{"GET", "/hosts/" + theirs + "/log", nil},
		{"POST", "/hosts/" + theirs + "/cancel", nil},
		{"POST", "/hosts/" + theirs + "/recheck", nil},
		{"POST", "/hosts/" + theirs + "/settle", settle},
	} {
		requireAlike(t, s.call(token, c.method, jobs+"/"+hidden+c.path, c.body), s.call(token, c.method, jobs+"/"+uuid.NewString()+c.path, c.body))
		if strings.Contains(c.path, theirs) {
			none := strings.ReplaceAll(c.path, theirs, uuid.NewString())
			requireAlike(t, s.call(token, c.method, jobs+"/"+shared+c.path, c.body), s.call(token, c.method, jobs+"/"+shared+none, c.body))
		}
	}
	for query, want := range map[string]int{"": 1, "?host_id=" + mine: 1, "?host_id=" + theirs: 0, "?group_id=" + own: 1, "?group_id=" + foreign: 0, "?host_id=x": 0} {
		require.Len(t, items(t, s.must(200, token, "GET", jobs+query, nil)), want, query)
	}
	require.Len(t, items(t, s.must(200, s.admin, "GET", jobs+"?group_id="+foreign, nil)), 2)
}

func TestJobsAreListedNewestFirstPageByPageAlsoOfOneStatus(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	host := s.host("a.example.com")
	want := []string{}
	for i := range 5 {
		id := s.job(s.admin, map[string]any{"host_ids": []string{host}})
		want = append([]string{id}, want...)
		if i%2 == 0 {
			s.status(id, host, "succeeded", "patched")
		}
	}
	walk := func(query string) []string {
		got, path := []string{}, jobs+"?limit=2"+query
		for range 5 {
			page := s.must(200, s.admin, "GET", path, nil)
			got = append(got, pluck(t, page, "id")...)
			if page["next_cursor"] == nil {
				return got
			}
			path = jobs + "?limit=2" + query + "&cursor=" + page["next_cursor"].(string)
		}
		t.Fatal("the pages do not end")
		return nil
	}
	require.Equal(t, want, walk(""))
	require.Equal(t, []string{want[0], want[2], want[4]}, walk("&status=succeeded"))
	require.Equal(t, []string{want[1], want[3]}, walk("&status=queued"))
	require.Equal(t, []string{"status"}, s.refuse(422, "invalid_field", s.admin, "GET", jobs+"?status=done", nil))
}

func TestListedJobsAreExactlyThoseWithAHostInScope(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	groups := []string{s.group("a"), s.group("b")}
	all := []string{s.host("h1"), s.host("h2"), s.host("h3")}
	made := map[string][]string{}
	for _, set := range [][]string{{all[0]}, {all[1]}, {all[2]}, {all[0], all[1]}, all} {
		made[s.job(s.admin, map[string]any{"host_ids": set})] = set
	}
	rapid.Check(t, func(r *rapid.T) {
		s.exec(`delete from group_hosts`)
		in := map[string]bool{}
		role := rapid.SampledFrom([]fleet.Role{fleet.RoleOperator, fleet.RoleViewer}).Draw(r, "role")
		for _, host := range all {
			for i, g := range groups {
				if rapid.Bool().Draw(r, "member") {
					s.exec(`insert into group_hosts values ($1, $2)`, g, host)
					in[host] = in[host] || i == 0
				}
			}
		}
		token := s.member(map[string]fleet.Role{groups[0]: role})
		want := []string{}
		for job, set := range made {
			seen := 0
			for _, host := range set {
				if in[host] {
					seen++
				}
			}
			if seen > 0 {
				want = append(want, job)
				got := s.must(200, token, "GET", jobs+"/"+job, nil)
				require.EqualValues(t, seen, got["counts"].(map[string]any)["hosts"])
				require.Len(t, items(t, s.must(200, token, "GET", jobs+"/"+job+"/hosts", nil)), seen)
			}
		}
		require.ElementsMatch(t, want, pluck(t, s.must(200, token, "GET", jobs, nil), "id"))
	})
}

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

func TestCancellingAJobTakesAllOfItsHostsInScope(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	own, seen, foreign := s.group("own"), s.group("seen"), s.group("foreign")
	mine, visible, theirs := s.host("own.example.com", own), s.host("seen.example.com", seen), s.host("foreign.example.com", foreign)
	operator := s.member(map[string]fleet.Role{own: fleet.RoleOperator, seen: fleet.RoleViewer})
	for _, others := range [][]string{{mine, theirs}, {mine, visible}} {
		path := jobs + "/" + s.job(s.admin, map[string]any{"host_ids": others})
		s.refuse(403, "out_of_scope", operator, "POST", path+"/cancel", nil)
		got := s.must(202, operator, "POST", path+"/hosts/"+mine+"/cancel", nil)
		require.NotNil(t, got["cancel_requested_at"])
	}
	path := jobs + "/" + s.job(s.admin, map[string]any{"host_ids": []string{mine}})
	got := s.must(202, operator, "POST", path+"/cancel", nil)
	require.NotNil(t, got["cancel_requested_at"])
	require.Zero(t, s.count(`select count(*) from jobs where cancel_requested_at is not null and id::text <> $1`, got["id"]))
	s.refuse(403, "operator_required", operator, "POST", jobs+"/"+s.job(s.admin, map[string]any{"host_ids": []string{visible}})+"/hosts/"+visible+"/cancel", nil)
}

func TestCancelIsWrittenWithItsEntryAndWakeUpOnceAndRefusedAfterTheEnd(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	host := s.host("a.example.com")
	job := s.job(s.admin, map[string]any{"host_ids": []string{host}})
	for range 2 {
		s.must(202, s.admin, "POST", jobs+"/"+job+"/cancel", nil)
		s.must(202, s.admin, "POST", jobs+"/"+job+"/hosts/"+host+"/cancel", nil)
	}
	require.Equal(t, 1, s.count(`select count(*) from audit_entries where action = 'job.cancel'`))
	require.Equal(t, 1, s.count(`select count(*) from audit_entries where action = 'job_host.cancel'`))
	require.Equal(t, 1, s.count(`select count(*) from wakeups where job_id = $1 and host_id is null`, job))
	require.Equal(t, 1, s.count(`select count(*) from wakeups where job_id = $1 and host_id = $2`, job, host))
	require.NotZero(t, s.runs.wakes)
	s.status(job, host, "cancelled", "cancelled_by_user")
	s.exec(`update jobs set completed_at = now()`)
	s.refuse(409, "job_ended", s.admin, "POST", jobs+"/"+job+"/cancel", nil)
	s.refuse(409, "job_host_ended", s.admin, "POST", jobs+"/"+job+"/hosts/"+host+"/cancel", nil)
}

func TestRetryIsANewLinkedJobOfTheHostsWithTheNamedStatuses(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	failed, skipped, done, gone := s.host("a.example.com"), s.host("b.example.com"), s.host("c.example.com"), s.host("d.example.com")
	job := s.job(s.admin, map[string]any{
		"host_ids": []string{failed, skipped, done, gone}, "packages": []string{"bash"}, "immediate": true, "max_parallel": "50%",
		"gate_timeout": "5m", "allow_reboot": true,
	})
	s.refuse(409, "nothing_to_retry", s.admin, "POST", jobs+"/"+job+"/retry", nil)
	s.status(job, failed, "failed", "window_closed")
	s.status(job, gone, "failed", "window_closed")
	s.status(job, skipped, "skipped", "max_failures_reached")
	s.status(job, done, "succeeded", "patched")
	s.must(204, s.admin, "DELETE", hosts+"/"+gone, nil)
	retry := func(body any) map[string]any {
		return s.must(202, s.admin, "POST", jobs+"/"+job+"/retry", body)
	}
	hostsOf := func(job map[string]any) []string {
		return pluck(t, s.must(200, s.admin, "GET", jobs+"/"+job["id"].(string)+"/hosts", nil), "host_id")
	}
	again := retry(nil)
	require.Equal(t, []string{failed}, hostsOf(again))
	require.Equal(t, job, again["retry_of"])
	for field, want := range map[string]any{"packages": []any{"bash"}, "immediate": true, "max_parallel": "50%", "gate_timeout": "5m", "allow_reboot": true} {
		require.Equal(t, want, again[field], field)
	}
	require.Equal(t, []string{failed, skipped}, hostsOf(retry(map[string]any{"statuses": []string{"skipped", "failed"}})))
	require.Equal(t, []string{"statuses[0]"}, s.refuse(422, "invalid_field", s.admin, "POST", jobs+"/"+job+"/retry", map[string]any{"statuses": []string{"running"}}))
	require.Equal(t, []string{"statuses"}, s.refuse(422, "invalid_field", s.admin, "POST", jobs+"/"+job+"/retry", map[string]any{"statuses": []string{}}))
	for range 2 {
		s.must(202, s.admin, "POST", jobs+"/"+job+"/retry", nil, "Idempotency-Key", "again")
	}
	require.Equal(t, 4, s.count(`select count(*) from jobs`))
	require.Equal(t, 3, s.count(`select count(*) from audit_entries where action = 'job.retry'`))
}

func TestRetryTakesTheOperatorRole(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	own, foreign := s.group("own"), s.group("foreign")
	mine, theirs := s.host("own.example.com", own), s.host("foreign.example.com", foreign)
	job := s.job(s.admin, map[string]any{"host_ids": []string{mine, theirs}})
	s.exec(`update job_hosts set status = 'failed', reason = 'agent_error'`)
	s.refuse(403, "operator_required", s.member(map[string]fleet.Role{own: fleet.RoleViewer}), "POST", jobs+"/"+job+"/retry", nil)
	operator := s.member(map[string]fleet.Role{own: fleet.RoleOperator})
	again := s.must(202, operator, "POST", jobs+"/"+job+"/retry", nil)
	require.Equal(t, []string{mine}, pluck(t, s.must(200, s.admin, "GET", jobs+"/"+again["id"].(string)+"/hosts", nil), "host_id"))
}

func TestSettlingEndsAnIndeterminateHostAndLetsItBePatchedAgain(t *testing.T) {
	t.Parallel()
	for _, outcome := range []string{"succeeded", "failed"} {
		t.Run(outcome, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			group := s.group("g")
			host := s.host("a.example.com", group)
			job := s.job(s.admin, map[string]any{"host_ids": []string{host}})
			path := jobs + "/" + job + "/hosts/" + host + "/settle"
			s.exec(`insert into patch_attempts (id, job_id, host_id, number, state, send_before) values ($1, $2, $3, 1, 'unknown', now())`, uuid.NewString(), job, host)
			s.refuse(409, "not_indeterminate", s.admin, "POST", path, map[string]any{"outcome": outcome})
			s.status(job, host, "indeterminate", "outcome_unknown")
			s.refuse(403, "operator_required", s.member(map[string]fleet.Role{group: fleet.RoleViewer}), "POST", path, map[string]any{"outcome": outcome})
			require.Equal(t, []string{"outcome"}, s.refuse(422, "invalid_field", s.admin, "POST", path, map[string]any{"outcome": "skipped"}))
			require.Equal(t, []string{"note"}, s.refuse(422, "invalid_field", s.admin, "POST", path, map[string]any{"outcome": outcome, "note": strings.Repeat("n", 2001)}))
			got := s.must(200, s.member(map[string]fleet.Role{group: fleet.RoleOperator}), "POST", path, map[string]any{"outcome": outcome, "note": "looked at dpkg.log"})
			require.Equal(t, []any{outcome, "settled_by_operator", "looked at dpkg.log"}, []any{got["status"], got["reason"], got["settle_note"]})
			require.Contains(t, got["times"], outcome)
			require.Equal(t, 1, s.count(`select count(*) from patch_attempts where finished_at is not null and slot_released_at is not null`))
			require.Equal(t, 1, s.count(`select count(*) from audit_entries where action = 'job_host.settle' and detail ->> 'outcome' = $1`, outcome))
			require.NotZero(t, s.count(`select count(*) from wakeups where host_id = $1`, host))
			s.refuse(409, "not_indeterminate", s.admin, "POST", path, map[string]any{"outcome": outcome})
			s.must(204, s.admin, "DELETE", hosts+"/"+host, nil)
		})
	}
}

func TestRecheckWakesAWaitingHostOnly(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	group := s.group("g")
	host := s.host("a.example.com", group)
	job := s.job(s.admin, map[string]any{"host_ids": []string{host}})
	path := jobs + "/" + job + "/hosts/" + host + "/recheck"
	for _, status := range []string{"waiting_window", "waiting_health_check", "waiting_slot"} {
		s.status(job, host, status, "x")
		s.must(200, s.admin, "POST", path, nil)
	}
	require.Equal(t, []string{job + "/" + host, job + "/" + host, job + "/" + host}, s.runs.rechecks)
	require.Equal(t, 3, s.count(`select count(*) from audit_entries where action = 'job_host.recheck'`))
	s.refuse(403, "operator_required", s.member(map[string]fleet.Role{group: fleet.RoleViewer}), "POST", path, nil)
	s.runs.err = errors.Join(fleet.Unavailable("temporal_unavailable", "Temporal does not answer"), context.DeadlineExceeded)
	s.refuse(503, "temporal_unavailable", s.admin, "POST", path, nil)
	s.runs.err = fleet.Conflict("not_waiting", "the host is not waiting")
	s.refuse(409, "not_waiting", s.admin, "POST", path, nil)
	for _, status := range []string{"running", "succeeded"} {
		s.status(job, host, status, "x")
		s.refuse(409, "not_waiting", s.admin, "POST", path, nil)
	}
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
	require.Equal(t, []string{soon, none, unsettled, busy}, pluck(t, got, "host_id"))
	require.Equal(t, []any{4.0, 2.0}, []any{got["hosts"], got["excluded"]})
	require.Equal(t, "unhealthy", list[0]["health"].(map[string]any)["state"])
	require.Equal(t, start.Format(time.RFC3339), list[0]["earliest_start_at"])
	require.Equal(t, map[string]any{"starts_at": start.Format(time.RFC3339), "ends_at": start.Add(time.Hour).Format(time.RFC3339)}, list[0]["span"])
	require.Nil(t, list[0]["excluded"])
	require.Equal(t, "no_window", list[1]["excluded"].(map[string]any)["reason"])
	require.Nil(t, list[1]["earliest_start_at"])
	require.Equal(t, "outcome_unsettled", list[2]["excluded"].(map[string]any)["reason"])
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
