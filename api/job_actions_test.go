package api_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
)

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
	for _, what := range []string{"/hosts/" + host + "/cancel", "/cancel"} {
		s.must(202, s.admin, "POST", jobs+"/"+job+what, nil)
		s.must(202, s.admin, "POST", jobs+"/"+job+what, nil)
	}
	require.Equal(t, 1, s.count(`select count(*) from audit_entries where action = 'job.cancel'`))
	require.Equal(t, 1, s.count(`select count(*) from audit_entries where action = 'job_host.cancel'`))
	require.Equal(t, 1, s.count(`select count(*) from wakeups where job_id = $1 and host_id is null`, job))
	require.Equal(t, 1, s.count(`select count(*) from wakeups where job_id = $1 and host_id = $2`, job, host))
	require.NotZero(t, s.runs.wakes)
	require.Equal(t, 1, s.count(`select count(*) from job_hosts where job_id = $1 and status = 'cancelled'`, job))
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
