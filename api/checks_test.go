package api_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/api"
	"github.com/patch-manager/patch-manager/fleet"
)

func httpCheck(more map[string]any) map[string]any {
	c := map[string]any{"name": "page", "check_type": "http", "url": "https://a.example.com/health", "expected_body": "ok"}
	for k, v := range more {
		if v == absent {
			delete(c, k)
			continue
		}
		c[k] = v
	}
	return c
}

// absent takes a field out of a body.
const absent = "\x00absent"

func newCheckSite(t *testing.T) (*site, string) {
	t.Helper()
	s := newSite(t)
	s.exec(`insert into encryption_keys (id, canary, canary_nonce) values (1, '', '')`)
	return s, hosts + "/" + s.host("a.example.com") + "/health-checks"
}

// password is what is stored of the password of a check, in the words of the fake sealer; empty where nothing is.
func (s *site) password(check string) string {
	s.t.Helper()
	var stored []byte
	require.NoError(s.t, s.pool.QueryRow(context.Background(),
		`select coalesce(basic_auth_pass_encrypted, '') from host_health_checks where id = $1`, check).Scan(&stored))
	plain, _, _ := strings.Cut(string(stored), "|")
	return plain
}

func TestCheckIsReturnedAsItWasSentWithoutItsPassword(t *testing.T) {
	t.Parallel()
	s, path := newCheckSite(t)
	sent := httpCheck(map[string]any{
		"basic_auth_user": "probe", "basic_auth_pass": "s3cret-word", "ignore_cert_errors": false, "enabled": false,
		"failure_threshold": 10.0, "success_threshold": 3.0,
	})
	a := s.call(s.admin, "POST", path, sent)
	require.Equal(t, 201, a.status, "%s", a.body)
	created := a.json(t)
	require.Equal(t, path+"/"+created["id"].(string), a.header.Get("Location"))
	require.Equal(t, created, s.must(200, s.admin, "GET", a.header.Get("Location"), nil))
	delete(sent, "basic_auth_pass")
	for field, value := range sent {
		require.Equal(t, value, created[field], field)
	}
	require.Equal(t, true, created["has_basic_auth_password"])
	require.NotContains(t, created, "basic_auth_pass")
	require.Nil(t, created["service_name"])
	require.Nil(t, created["last_result"])
	require.Equal(t, "s3cret-word", s.password(created["id"].(string)))
	require.NotContains(t, s.log.String(), "s3cret-word")
	require.Zero(t, s.count(`select count(*) from audit_entries where detail::text like '%s3cret-word%'`))
}

func TestPasswordIsBoundToItsCheckAndHost(t *testing.T) {
	t.Parallel()
	s, path := newCheckSite(t)
	created := s.must(201, s.admin, "POST", path, httpCheck(map[string]any{"basic_auth_user": "u", "basic_auth_pass": "p"}))
	require.Equal(t, 1, s.count(`select count(*) from host_health_checks
		where basic_auth_pass_encrypted = convert_to('p|' || id || '|' || host_id, 'UTF8') and id = $1`, created["id"]))
}

func TestReplacingACheckKeepsClearsOrChangesThePassword(t *testing.T) {
	t.Parallel()
	s, _ := newCheckSite(t)
	i := 0
	for name, c := range map[string]struct {
		change map[string]any
		want   string
	}{
		"absent keeps":               {map[string]any{}, "old"},
		"null clears":                {map[string]any{"basic_auth_pass": nil}, ""},
		"a new one replaces":         {map[string]any{"basic_auth_pass": "new"}, "new"},
		"another path keeps":         {map[string]any{"url": "https://a.example.com/other?x=1"}, "old"},
		"same port written keeps":    {map[string]any{"url": "https://A.example.com:443/health"}, "old"},
		"a capital elsewhere clears": {map[string]any{"url": "https://a.example.com\u0130/health"}, ""},
		"a dot behind clears":        {map[string]any{"url": "https://a.example.com./health"}, ""},
		"another scheme clears":      {map[string]any{"url": "http://a.example.com/health"}, ""},
		"another host clears":        {map[string]any{"url": "https://evil.example.com/health"}, ""},
		"another port clears":        {map[string]any{"url": "https://a.example.com:8443/health"}, ""},
		"new host with a new one":    {map[string]any{"url": "https://b.example.com/", "basic_auth_pass": "new"}, "new"},
		"no user clears":             {map[string]any{"basic_auth_user": absent}, ""},
		"another user keeps":         {map[string]any{"basic_auth_user": "other"}, "old"},
		"becoming a service clears":  {map[string]any{"check_type": "service", "service_name": "x.service", "url": absent, "expected_body": absent, "basic_auth_user": absent}, ""},
	} {
		i++
		path := hosts + "/" + s.host(fmt.Sprintf("h%d.example.com", i)) + "/health-checks"
		id := s.must(201, s.admin, "POST", path, httpCheck(map[string]any{"basic_auth_user": "u", "basic_auth_pass": "old"}))["id"].(string)
		change := map[string]any{"basic_auth_user": "u"}
		for k, v := range c.change {
			change[k] = v
		}
		got := s.must(200, s.admin, "PUT", path+"/"+id, httpCheck(change))
		require.Equal(t, c.want, s.password(id), name)
		require.Equal(t, c.want != "", got["has_basic_auth_password"], name)
	}
}

func TestEachBrokenRuleOfACheckNamesItsField(t *testing.T) {
	t.Parallel()
	s, path := newCheckSite(t)
	for name, c := range map[string]struct {
		body  map[string]any
		field string
	}{
		"no name":                  {httpCheck(map[string]any{"name": absent}), "name"},
		"name of 101":              {httpCheck(map[string]any{"name": strings.Repeat("é", 101)}), "name"},
		"no type":                  {httpCheck(map[string]any{"check_type": absent}), "check_type"},
		"unknown type":             {httpCheck(map[string]any{"check_type": "tcp"}), "check_type"},
		"no url":                   {httpCheck(map[string]any{"url": absent}), "url"},
		"url with a user":          {httpCheck(map[string]any{"url": "https://u:p@a.example.com/"}), "url"},
		"url with another port":    {httpCheck(map[string]any{"url": "https://a.example.com:25/"}), "url"},
		"url of metadata":          {httpCheck(map[string]any{"url": "http://169.254.169.254/"}), "url"},
		"url of loopback":          {httpCheck(map[string]any{"url": "http://[::ffff:127.0.0.1]:8080/"}), "url"},
		"url in odd notation":      {httpCheck(map[string]any{"url": "http://2130706433/"}), "url"},
		"no expected body":         {httpCheck(map[string]any{"expected_body": absent}), "expected_body"},
		"expected body of 501":     {httpCheck(map[string]any{"expected_body": strings.Repeat("b", 501)}), "expected_body"},
		"service name on http":     {httpCheck(map[string]any{"service_name": "x.service"}), "service_name"},
		"url on service":           {map[string]any{"name": "x", "check_type": "service", "service_name": "x.service", "url": "http://a/"}, "url"},
		"password without a user":  {httpCheck(map[string]any{"basic_auth_pass": "p"}), "basic_auth_user"},
		"empty password":           {httpCheck(map[string]any{"basic_auth_user": "u", "basic_auth_pass": ""}), "basic_auth_pass"},
		"password of 501":          {httpCheck(map[string]any{"basic_auth_user": "u", "basic_auth_pass": strings.Repeat("p", 501)}), "basic_auth_pass"},
		"password with a control":  {httpCheck(map[string]any{"basic_auth_user": "u", "basic_auth_pass": "p\x00"}), "basic_auth_pass"},
		"password on a service":    {map[string]any{"name": "x", "check_type": "service", "service_name": "x.service", "basic_auth_pass": "p"}, "basic_auth_pass"},
		"service name not of unit": {map[string]any{"name": "x", "check_type": "service", "service_name": "a b"}, "service_name"},
		"failure threshold of 0":   {httpCheck(map[string]any{"failure_threshold": 0}), "failure_threshold"},
		"failure threshold of 11":  {httpCheck(map[string]any{"failure_threshold": 11}), "failure_threshold"},
		"success threshold of 0":   {httpCheck(map[string]any{"success_threshold": 0}), "success_threshold"},
		"success threshold of 11":  {httpCheck(map[string]any{"success_threshold": 11}), "success_threshold"},
		"half a threshold":         {httpCheck(map[string]any{"failure_threshold": 1.5}), "failure_threshold"},
		"unknown field":            {httpCheck(map[string]any{"slot": 1}), "slot"},
	} {
		fields := []string{}
		a := s.call(s.admin, "POST", path, c.body)
		require.Equal(t, 422, a.status, "%s: %s", name, a.body)
		for _, e := range a.json(t)["errors"].([]any) {
			fields = append(fields, e.(map[string]any)["field"].(string))
		}
		require.Equal(t, []string{c.field}, fields, "%s: %s", name, a.body)
		require.NotContains(t, string(a.body), strings.Repeat("p", 20), "values are not echoed")
	}
	s.must(201, s.admin, "POST", path, httpCheck(map[string]any{
		"name": strings.Repeat("é", 100), "expected_body": strings.Repeat("b", 500), "basic_auth_user": "u", "basic_auth_pass": strings.Repeat("p", 500),
	}))
}

func TestAURLThatCouldOnlyBeRefusedLaterIsRefusedWhereACheckIsMadeOrReplaced(t *testing.T) {
	t.Parallel()
	s, path := newCheckSite(t)
	id := s.must(201, s.admin, "POST", path, httpCheck(nil))["id"].(string)
	bad := httpCheck(map[string]any{"url": "http://169.254.169.254/latest/meta-data/"})
	require.Equal(t, []string{"url"}, s.refuse(422, "invalid_field", s.admin, "PUT", path+"/"+id, bad))
	bad["name"] = "another"
	require.Equal(t, []string{"url"}, s.refuse(422, "invalid_field", s.admin, "POST", path, bad))
	// What an administrator lists is taken, and so is a private network.
	cfg := s.config()
	cfg.Policy.Outbound.Allow.Endpoints = []string{"127.0.0.1:9000"}
	s.handler = api.New(cfg)
	for _, url := range []string{"http://127.0.0.1:9000/", "http://10.1.2.3:8080/"} {
		s.must(200, s.admin, "PUT", path+"/"+id, httpCheck(map[string]any{"url": url}))
	}
}

func TestNameOfACheckIsUniqueInItsHost(t *testing.T) {
	t.Parallel()
	s, path := newCheckSite(t)
	s.must(201, s.admin, "POST", path, httpCheck(nil))
	other := s.must(201, s.admin, "POST", path, serviceCheck("other"))["id"].(string)
	require.Equal(t, []string{"name"}, s.refuse(409, "name_taken", s.admin, "POST", path, httpCheck(nil)))
	require.Equal(t, []string{"name"}, s.refuse(409, "name_taken", s.admin, "PUT", path+"/"+other, httpCheck(nil)))
	s.must(201, s.admin, "POST", hosts+"/"+s.host("b.example.com")+"/health-checks", httpCheck(nil))
}

func TestAHostHasAtMostFiveChecksUnderFiftyParallelCreates(t *testing.T) {
	t.Parallel()
	s, path := newCheckSite(t)
	answers := make([]answer, 50)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() { answers[i] = s.call(s.admin, "POST", path, serviceCheck(fmt.Sprintf("check %d", i))) })
	}
	wg.Wait()
	made := 0
	for _, a := range answers {
		if a.status == 201 {
			made++
			continue
		}
		require.Equal(t, 409, a.status, "%s", a.body)
		require.Equal(t, "limit_exceeded", a.json(t)["code"])
	}
	require.Equal(t, 5, made)
	list := items(t, s.must(200, s.admin, "GET", path, nil))
	require.Len(t, list, 5)
	s.must(204, s.admin, "DELETE", path+"/"+list[2]["id"].(string), nil)
	s.must(201, s.admin, "POST", path, serviceCheck("in the place that became free"))
	s.refuse(409, "limit_exceeded", s.admin, "POST", path, serviceCheck("sixth"))
}

func TestChangedQuestionForgetsTheLastResultAndARenamedOneKeepsIt(t *testing.T) {
	t.Parallel()
	s, path := newCheckSite(t)
	id := s.must(201, s.admin, "POST", path, httpCheck(nil))["id"].(string)
	s.result(id, "healthy", time.Now())
	got := s.must(200, s.admin, "PUT", path+"/"+id, httpCheck(map[string]any{"name": "renamed"}))
	require.Equal(t, true, got["last_result"].(map[string]any)["healthy"])
	require.EqualValues(t, 12, got["last_result"].(map[string]any)["latency_ms"])
	got = s.must(200, s.admin, "PUT", path+"/"+id, httpCheck(map[string]any{"name": "renamed", "expected_body": "fine"}))
	require.Nil(t, got["last_result"], "a result of the old question must not open the gate for the new one")
}

func TestACheckWithoutThresholdsHasThoseOfOneAlsoOnReplace(t *testing.T) {
	t.Parallel()
	s, path := newCheckSite(t)
	created := s.must(201, s.admin, "POST", path, httpCheck(nil))
	require.EqualValues(t, 1, created["failure_threshold"])
	require.EqualValues(t, 1, created["success_threshold"])
	one := path + "/" + created["id"].(string)
	s.must(200, s.admin, "PUT", one, httpCheck(map[string]any{"failure_threshold": 3, "success_threshold": 10}))
	require.Equal(t, 1, s.count(`select count(*) from audit_entries where action = 'health_check.update'
		and detail->>'failure_threshold' = '3' and detail->>'success_threshold' = '10'`))
	replaced := s.must(200, s.admin, "PUT", one, httpCheck(nil))
	require.EqualValues(t, 1, replaced["failure_threshold"])
	require.EqualValues(t, 1, replaced["success_threshold"])
}

func TestTheLastResultSaysWhatTheCheckShowsBesidesAndAnotherThresholdKeepsIt(t *testing.T) {
	t.Parallel()
	s, path := newCheckSite(t)
	id := s.must(201, s.admin, "POST", path, httpCheck(map[string]any{"failure_threshold": 3}))["id"].(string)
	now := time.Now().UTC().Truncate(time.Millisecond)
	for i, outcome := range []fleet.Outcome{fleet.OutcomeHealthy, fleet.OutcomeUnhealthy, fleet.OutcomeUnhealthy} {
		require.NoError(t, s.store.StoreResults(t.Context(), []fleet.Result{{
			CheckID: id, Outcome: outcome, CheckedAt: now.Add(time.Duration(i) * time.Second),
		}}))
	}
	last := s.must(200, s.admin, "PUT", path+"/"+id, httpCheck(map[string]any{"failure_threshold": 4}))["last_result"].(map[string]any)
	require.Equal(t, "unhealthy", last["outcome"])
	require.EqualValues(t, 2, last["consecutive"])
	require.Equal(t, now.Add(time.Second).Format(time.RFC3339Nano), last["since"])
	require.Equal(t, "healthy", last["shown"])
	require.Equal(t, now.Format(time.RFC3339Nano), last["shown_since"])
	host := s.must(200, s.admin, "GET", strings.TrimSuffix(path, "/health-checks"), nil)
	require.Equal(t, "healthy", host["health"].(map[string]any)["state"])
}

func TestResultsAreListedNewestFirstAndNotBeyondTheirRetention(t *testing.T) {
	t.Parallel()
	s, path := newCheckSite(t)
	id := s.must(201, s.admin, "POST", path, httpCheck(nil))["id"].(string)
	now := time.Now().UTC().Truncate(time.Millisecond)
	s.exec(`select make_partitions(now() - interval '5 days', now())`)
	for _, age := range []time.Duration{0, time.Hour, 2 * time.Hour, 95 * time.Hour, 97 * time.Hour} {
		s.exec(`insert into host_health_check_results values ($1, $2, 'unhealthy', false, $3, 5)`, id, now.Add(-age), age.String())
	}
	details := func(query string) ([]string, any) {
		page := s.must(200, s.admin, "GET", path+"/"+id+"/results"+query, nil)
		return pluck(t, page, "detail"), page["next_cursor"]
	}
	all, next := details("")
	require.Equal(t, []string{"0s", "1h0m0s", "2h0m0s", "95h0m0s"}, all)
	require.Nil(t, next)
	first, next := details("?limit=3")
	require.Len(t, first, 3)
	rest, _ := details("?limit=3&cursor=" + next.(string))
	require.Equal(t, []string{"95h0m0s"}, rest)
	some, _ := details("?from=" + now.Add(-2*time.Hour).Format(time.RFC3339Nano) + "&to=" + now.Format(time.RFC3339Nano))
	require.Equal(t, []string{"1h0m0s", "2h0m0s"}, some)
	for age, shown := range map[time.Duration]bool{95 * time.Hour: true, 97 * time.Hour: false} {
		s.result(id, "healthy", now.Add(-age))
		require.Equal(t, shown, s.must(200, s.admin, "GET", path+"/"+id, nil)["last_result"] != nil, age)
	}
}

func TestManualTestRunsInTheWorkersOfTheHostsZone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	host := s.must(201, s.admin, "POST", hosts, map[string]any{"fqdn": "a.example.com", "zone": "dmz"})["id"].(string)
	check := s.check(host, "x")
	got := s.must(200, s.admin, "POST", hosts+"/"+host+"/health-checks/"+check+"/test", nil)
	require.Equal(t, true, got["healthy"])
	require.Equal(t, "active", got["detail"])
	require.Len(t, got, 5, "the outcome, what the prober says of it, and when: never the answer itself")
	require.Len(t, s.runs.tests, 1)
	require.Equal(t, "dmz", s.runs.tests[0].Zone)
	require.Equal(t, "root", s.runs.tests[0].Actor.Name)

	s.runs.err = fleet.Unavailable("temporal_unavailable", "Temporal does not answer")
	a := s.call(s.admin, "POST", hosts+"/"+host+"/health-checks/"+check+"/test", nil)
	require.Equal(t, 503, a.status)
	require.NotEmpty(t, a.header.Get("Retry-After"))
}

func TestManualTestTakesTheOperatorRole(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	group := s.group("g")
	host := s.host("a.example.com", group)
	check := s.check(host, "x")
	path := hosts + "/" + host + "/health-checks/" + check + "/test"
	s.refuse(403, "operator_required", s.member(map[string]fleet.Role{group: fleet.RoleViewer}), "POST", path, nil)
	s.refuse(404, "not_found", s.member(nil), "POST", path, nil)
	require.Empty(t, s.runs.tests)
	s.must(200, s.member(map[string]fleet.Role{group: fleet.RoleOperator}), "POST", path, nil)
}

func TestEachUserMayTestTenChecksAMinute(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	group := s.group("g")
	host := s.host("a.example.com", group)
	path := hosts + "/" + host + "/health-checks/" + s.check(host, "x") + "/test"
	ann, bob := s.member(map[string]fleet.Role{group: fleet.RoleOperator}), s.member(map[string]fleet.Role{group: fleet.RoleOperator})
	for range 10 {
		s.must(200, ann, "POST", path, nil)
	}
	a := s.call(ann, "POST", path, nil)
	require.Equal(t, 429, a.status, "%s", a.body)
	require.Equal(t, "too_many_requests", a.json(t)["code"])
	wait, err := strconv.Atoi(a.header.Get("Retry-After"))
	require.NoError(t, err)
	require.InDelta(t, 60, wait, 10)
	require.Len(t, s.runs.tests, 10, "the refused one reached no worker")
	s.must(200, bob, "POST", path, nil)

	// In another process of the API, too, until the first of the ten is a minute ago.
	s.handler = api.New(s.config())
	s.refuse(429, "too_many_requests", ann, "POST", path, nil)
	s.exec(`update throttles set taken = array(select t - interval '61 s' from unnest(taken) t)`)
	s.must(200, ann, "POST", path, nil)
}

func TestATestWithoutTheRightToItIsNotCounted(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	group := s.group("g")
	host, foreign := s.host("a.example.com", group), s.host("b.example.com")
	path := hosts + "/" + host + "/health-checks/" + s.check(host, "x") + "/test"
	other := hosts + "/" + foreign + "/health-checks/" + s.check(foreign, "x") + "/test"
	operator, viewer := s.member(map[string]fleet.Role{group: fleet.RoleOperator}), s.member(map[string]fleet.Role{group: fleet.RoleViewer})
	for range 11 {
		s.refuse(404, "not_found", operator, "POST", other, nil)
		s.refuse(403, "operator_required", viewer, "POST", path, nil)
	}
	require.Zero(t, s.count(`select count(*) from throttles`))
	s.must(200, operator, "POST", path, nil)
}

func TestManualTestGivesUpBeforeTheClientDoes(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	host := s.host("a.example.com")
	check := s.check(host, "x")
	s.runs.test = func(ctx context.Context, _ api.TestCheckRequest) (fleet.Result, error) {
		deadline, ok := ctx.Deadline()
		require.True(t, ok)
		require.WithinDuration(t, time.Now().Add(15*time.Second), deadline, 2*time.Second)
		return fleet.Result{}, fleet.Unavailable("no_worker", "no worker answered")
	}
	s.refuse(503, "no_worker", s.admin, "POST", hosts+"/"+host+"/health-checks/"+check+"/test", nil)
}

func TestEveryChangeOfACheckIsAuditedAndWakesTheHost(t *testing.T) {
	t.Parallel()
	s, path := newCheckSite(t)
	id := s.must(201, s.admin, "POST", path, httpCheck(nil))["id"].(string)
	s.must(200, s.admin, "PUT", path+"/"+id, httpCheck(map[string]any{"enabled": false}))
	s.must(204, s.admin, "DELETE", path+"/"+id, nil)
	for _, action := range []string{"health_check.create", "health_check.update", "health_check.delete"} {
		require.Equal(t, 1, s.count(`select count(*) from audit_entries where action = $1 and subject_id = $2`, action, id), action)
	}
	require.Equal(t, 3, s.count(`select count(*) from events where kind = 'check.changed' and subject_id = $1`, id))
	require.Equal(t, 3, s.count(`select count(*) from wakeups w join hosts h on h.id = w.host_id`))
	require.Equal(t, 3, s.runs.wakes)
}

func TestCheckOfAnotherHostIsNotFound(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	a, b := s.host("a.example.com"), s.host("b.example.com")
	check := s.check(a, "x")
	for _, method := range []string{"GET", "DELETE"} {
		s.refuse(404, "not_found", s.admin, method, hosts+"/"+b+"/health-checks/"+check, nil)
	}
	s.refuse(404, "not_found", s.admin, "PUT", hosts+"/"+b+"/health-checks/"+check, serviceCheck("y"))
	s.refuse(404, "not_found", s.admin, "POST", hosts+"/"+b+"/health-checks/"+check+"/test", nil)
	s.refuse(404, "not_found", s.admin, "GET", hosts+"/"+a+"/health-checks/"+uuid.NewString(), nil)
}
