package api_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRevokingEverythingOfAHostEndsAnApprovalWhoseBundleWasNotFetched(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	host, serial := s.enrolled()
	token := s.enrol(nil)
	again := s.waiting()
	s.approve(again, map[string]any{"host_id": host})
	path := hosts + "/" + host + "/certificate/revoke"

	s.must(200, s.admin, "POST", path, map[string]any{"serial": serial})
	require.Equal(t, "approved", s.must(200, s.admin, "GET", enrolments+"/"+again, nil)["status"], "one certificate is not everything")
	s.must(200, s.admin, "POST", path, map[string]any{"reason": "stolen"})
	s.requirePoll(token, 403, "denied")

	seen := s.must(200, s.admin, "GET", enrolments+"/"+again, nil)
	require.Equal(t, "denied", seen["status"])
	require.Equal(t, "root", seen["decided_by"])
	require.Equal(t, 1, s.count(`select count(*) from certificates`), "none was issued since")
	require.Equal(t, 1, s.count(`select count(*) from audit_entries where action = 'enrolment.deny' and subject_id = $1
		and detail::jsonb ->> 'host_id' = $2 and detail::jsonb ->> 'reason' = 'stolen'`, again, host))
	s.refuse(409, "nothing_to_revoke", s.admin, "POST", path, map[string]any{})
}

func TestRevokingEverythingLeavesWhatOtherHostsAndFormerApprovalsAre(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	host, _ := s.enrolled()
	other := s.enrol(map[string]any{"machine_id": "other", "fqdn": "web2.example.com"})
	s.approve(s.waiting(), map[string]any{})
	s.enrol(nil)
	late := s.waiting()
	s.approve(late, map[string]any{"host_id": host})
	s.exec(`update enrolments set decided_at = now() - interval '10 minutes' where id = $1`, late)

	s.must(200, s.admin, "POST", hosts+"/"+host+"/certificate/revoke", map[string]any{})
	require.Equal(t, "expired", s.must(200, s.admin, "GET", enrolments+"/"+late, nil)["status"])
	status, _ := s.poll(other)
	require.Equal(t, 200, status)
}

func TestABundleThatIsFetchedWhileItsHostIsRevokedIsNotDeliveredOrRevoked(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	host, _ := s.enrolled()
	for range 5 {
		token := s.enrol(nil)
		s.approve(s.waiting(), map[string]any{"host_id": host})
		var both sync.WaitGroup
		both.Go(func() { s.call("", "GET", enroll+"/status/"+token, nil) })
		var revoked answer
		both.Go(func() { revoked = s.call(s.admin, "POST", hosts+"/"+host+"/certificate/revoke", map[string]any{}) })
		both.Wait()
		require.Equal(t, 200, revoked.status, "%s", revoked.body)
		status, _ := s.poll(token)
		require.NotEqual(t, 200, status)
		require.Zero(t, s.count(`select count(*) from certificates where revoked_at is null`))
	}
}
