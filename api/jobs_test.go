package api_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/api"
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
	require.Len(t, preview["items"], 50)
	s.must(200, s.admin, "POST", jobs+"/preview", map[string]any{"matching": map[string]any{"group_id": group}})
	for _, path := range []string{jobs, jobs + "/preview"} {
		require.Equal(t, []string{"matching"}, s.refuse(422, "invalid_field", s.admin, "POST", path, map[string]any{"matching": map[string]any{}}))
	}
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
		"unknown match":         {map[string]any{"matching": map[string]any{"name": "x"}}, "matching.name"},
		"unknown health":        {map[string]any{"matching": map[string]any{"health": "ill"}}, "matching.health"},
		"11 labels":             {map[string]any{"matching": map[string]any{"label": many(11)}}, "matching.label"},
		"10 labels":             {map[string]any{"matching": map[string]any{"label": many(10)}}, ""},
		"nothing matches":       {map[string]any{"host_ids": absent, "matching": map[string]any{"q": "nobody"}}, "matching"},
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

func TestTheTableOfJobsHoldsAllThatMatch(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	host, other := s.host("a.example.com"), s.host("b.example.com")
	s.job(s.admin, map[string]any{"host_ids": []string{host}})
	failed := s.job(s.admin, map[string]any{"host_ids": []string{host, other}, "notes": "=1+1", "packages": []string{"curl", "nginx"}})
	s.status(failed, host, "failed", "gate_timeout")
	s.status(failed, other, "skipped", "max_failures_reached")
	s.exec(`insert into jobs select (j).* from (select jsonb_populate_record(j, jsonb_build_object('id', gen_random_uuid(), 'created_at', j.created_at - n * interval '1s', 'notes', '')) as j
		from jobs j, generate_series(1, 400) n where j.id = $1) copies`, failed)
	s.exec(`insert into job_hosts select (h).* from (select jsonb_populate_record(h, jsonb_build_object('job_id', j.id)) as h
		from jobs j, job_hosts h where h.job_id = $1 and j.notes = '' and not exists (select from job_hosts i where i.job_id = j.id)) copies`, failed)

	rows := table(t, s.call(s.admin, "GET", jobs+"?format=csv&limit=1", nil))
	require.Len(t, rows, 1+402)
	ids := map[string]bool{}
	for _, row := range rows[1:] {
		ids[row[0]] = true
	}
	require.Len(t, ids, 402)
	require.Equal(t, []string{failed, "failed", "'=1+1", "root"}, rows[1][:4])
	require.Equal(t, strings.Fields("2 0 0 1 0 0 1"), rows[1][9:16], "hosts by how they ended")
	require.Equal(t, []string{"gate_timeout: 1; max_failures_reached: 1", "false", "", "curl nginx"}, rows[1][16:20])
	require.Len(t, table(t, s.call(s.admin, "GET", jobs+"?status=failed", nil, "Accept", "text/csv")), 1+401)
	require.Len(t, table(t, s.call(s.admin, "GET", jobs+"?format=csv&status=queued&host_id="+host, nil)), 1+1)
	require.Len(t, table(t, s.call(s.member(nil), "GET", jobs+"?format=csv", nil)), 1)
}

func TestTheDefaultsThatAreToldAreThoseAJobGets(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	cfg := s.config()
	cfg.Policy.GateTimeout = 95 * time.Minute
	s.handler = api.New(cfg)
	told := s.must(200, s.member(nil), "GET", "/api/v1/job-defaults", nil)
	require.Equal(t, "1h35m", told["gate_timeout"])
	job := s.must(202, s.admin, "POST", jobs, map[string]any{"host_ids": []string{s.host("a.example.com")}})
	for field, value := range told {
		require.Equal(t, job[field], value, field)
	}
	require.Len(t, told, 4)
}
