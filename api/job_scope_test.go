package api_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/patch-manager/patch-manager/fleet"
)

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
	s.refuse(404, "not_found", old, "GET", path, nil)
	row := s.must(200, current, "GET", path+"/hosts/"+host, nil)
	require.Equal(t, "a.example.com", row["fqdn"], "the row outlives the host")
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
