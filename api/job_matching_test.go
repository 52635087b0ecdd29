package api_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
)

func TestAJobTakesTheHostsThatMatchWithThoseThatAreNamed(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	own, seen, foreign := s.group("own"), s.group("seen"), s.group("foreign")
	a, b, c := s.host("a.example.com", own), s.host("b.example.com", own), s.host("c.example.com", own, seen)
	s.host("d.example.com", seen)
	s.host("e.example.com", foreign)
	s.exec(`update hosts set labels = '{"env": "prod"}' where id <> $1`, b)
	operator := s.member(map[string]fleet.Role{own: fleet.RoleOperator, seen: fleet.RoleViewer})
	for name, given := range map[string]struct {
		body map[string]any
		want string
	}{
		"all that are operated":         {map[string]any{"matching": map[string]any{}}, "a b c"},
		"some":                          {map[string]any{"matching": map[string]any{"label": []string{"env=prod"}}}, "a c"},
		"together with named ones":      {map[string]any{"matching": map[string]any{"q": "a.ex"}, "host_ids": []string{a, b}}, "a b"},
		"none beside named ones":        {map[string]any{"matching": map[string]any{"q": "nobody"}, "host_ids": []string{a}}, "a"},
		"a group that is seen":          {map[string]any{"matching": map[string]any{"group_id": seen}}, "c"},
		"together with those of groups": {map[string]any{"matching": map[string]any{"group_id": seen}, "group_ids": []string{own}}, "a b c"},
	} {
		job := s.job(operator, given.body)
		got := strings.ReplaceAll(strings.Join(pluck(t, s.must(200, s.admin, "GET", jobs+"/"+job+"/hosts", nil), "fqdn"), " "), ".example.com", "")
		require.Equal(t, given.want, got, name)
	}
	require.NotEmpty(t, c)
	for _, group := range []string{foreign, uuid.NewString(), "x"} {
		body := map[string]any{"matching": map[string]any{"group_id": group}}
		require.Equal(t, []string{"matching"}, s.refuse(422, "invalid_field", operator, "POST", jobs, body), "a group out of sight matches nothing")
	}
	viewer := s.member(map[string]fleet.Role{own: fleet.RoleViewer})
	require.Equal(t, []string{"matching"}, s.refuse(422, "invalid_field", viewer, "POST", jobs, map[string]any{"matching": map[string]any{}}))
	require.Equal(t, 1, s.count(`select count(*) from audit_entries where action = 'job.create' and detail::jsonb -> 'matching' = '{"label": ["env=prod"]}'`))
}

func TestWhatMatchesIsPartOfTheRequestThatAKeyStandsFor(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	host := s.host("a.example.com")
	body := map[string]any{"host_ids": []string{host}, "matching": map[string]any{"q": "a"}}
	first := s.must(202, s.admin, "POST", jobs, body, "Idempotency-Key", "k")["id"]
	s.host("another.example.com")
	require.Equal(t, first, s.must(202, s.admin, "POST", jobs, body, "Idempotency-Key", "k")["id"], "what matches now does not matter")
	for _, other := range []any{nil, map[string]any{}, map[string]any{"q": "b"}} {
		body["matching"] = other
		s.refuse(409, "idempotency_key_reused", s.admin, "POST", jobs, body, "Idempotency-Key", "k")
	}
}

func TestAPreviewCountsAllAndShowsFirstWhatSomebodyHasToLookAt(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	now := time.Now()
	for i, outcome := range []string{"healthy", "none", "unhealthy", "error", "healthy", "unhealthy"} {
		host := s.host(fmt.Sprintf("h%d.example.com", i))
		if outcome != "none" {
			s.result(s.check(host, "one"), outcome, now)
		}
		if i != 4 {
			s.must(201, s.admin, "POST", hosts+"/"+host+"/maintenance-windows", window(nil))
		}
	}
	body := map[string]any{"matching": map[string]any{}}
	for limit := 1; limit <= 7; limit++ {
		var names []string
		for cursor := ""; ; {
			page := s.must(200, s.admin, "POST", fmt.Sprintf("%s/preview?limit=%d&cursor=%s", jobs, limit, url.QueryEscape(cursor)), body)
			require.Equal(t, []any{6.0, 1.0}, []any{page["hosts"], page["excluded"]})
			require.Equal(t, map[string]any{"healthy": 2.0, "unhealthy": 2.0, "unknown": 1.0, "none": 1.0}, page["health"])
			for _, h := range items(t, page) {
				names = append(names, strings.TrimSuffix(h["fqdn"].(string), ".example.com"))
			}
			if page["next_cursor"] == nil {
				break
			}
			cursor = page["next_cursor"].(string)
		}
		require.Equal(t, strings.Fields("h4 h2 h5 h3 h1 h0"), names, "the excluded one, then the worst")
	}
	require.Equal(t, []string{"cursor"}, s.refuse(422, "invalid_cursor", s.admin, "POST", jobs+"/preview?cursor=x", body))
	require.Equal(t, []string{"limit"}, s.refuse(422, "invalid_field", s.admin, "POST", jobs+"/preview?limit=201", body))
}

func TestTheTableOfAJobHoldsAllItsHosts(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	group := s.manyHosts(2001)
	job := s.job(s.admin, map[string]any{"group_ids": []string{group}})
	path := jobs + "/" + job + "/hosts"
	s.exec(`update job_hosts set status = 'failed', reason = 'agent_error', detail = '=1+1', wait = '{"reason": "health_check", "failing": [{"name": "@x", "detail": "down"}]}'
		where fqdn like 'h7.%'`)
	rows := table(t, s.call(s.admin, "GET", path+"?format=csv&limit=1", nil))
	require.Len(t, rows, 1+2001)
	seen := map[string]bool{}
	for _, row := range rows[1:] {
		seen[row[1]] = true
	}
	require.Len(t, seen, 2001)
	rows = table(t, s.call(s.admin, "GET", path+"?status=failed", nil, "Accept", "text/csv"))
	require.Len(t, rows, 1+1)
	require.Equal(t, []string{"failed", "", "agent_error", "'=1+1"}, rows[1][3:7])
	require.Equal(t, "'@x: down", rows[1][13])
	require.Len(t, table(t, s.call(s.admin, "GET", path+"?format=csv&q=nobody", nil)), 1)
	s.refuse(404, "not_found", s.member(nil), "GET", path+"?format=csv", nil)
	s.refuse(404, "not_found", s.admin, "GET", jobs+"/"+uuid.NewString()+"/hosts?format=csv", nil)
}
