package api_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
)

const (
	enroll     = "/api/v1/enroll"
	enrolments = "/api/v1/enrolments"
)

// machine is what an agent says of its machine.
func machine(change map[string]any) map[string]any {
	body := map[string]any{
		"machine_id": "0123456789abcdef0123456789abcdef", "fqdn": "web1.example.com", "ip_address": "192.0.2.7", "hostname": "web1",
		"os_details": map[string]any{"distro": "Debian GNU/Linux", "version": "12", "kernel": "6.1.0"},
	}
	maps.Copy(body, change)
	return body
}

// enrol has a machine ask for a certificate and returns its polling token.
func (s *site) enrol(change map[string]any) string {
	s.t.Helper()
	return s.must(202, "", "POST", enroll, machine(change))["polling_token"].(string)
}

// poll returns the status and the body that a machine is answered.
func (s *site) poll(token string) (int, map[string]any) {
	s.t.Helper()
	a := s.call("", "GET", enroll+"/status/"+token, nil)
	return a.status, a.json(s.t)
}

func (s *site) requirePoll(token string, status int, word string) {
	s.t.Helper()
	got, body := s.poll(token)
	require.Equal(s.t, status, got)
	require.Equal(s.t, map[string]any{"status": word}, body)
}

// waiting is the id of the only enrolment that is pending.
func (s *site) waiting() string {
	s.t.Helper()
	found := items(s.t, s.must(200, s.admin, "GET", enrolments+"?status=pending", nil))
	require.Len(s.t, found, 1)
	return found[0]["id"].(string)
}

func (s *site) approve(id string, body any) map[string]any {
	s.t.Helper()
	return s.must(200, s.admin, "POST", enrolments+"/"+id+"/approve", body)
}

// enrolled is a host that has its certificate, and the serial number of that.
func (s *site) enrolled() (hostID, serial string) {
	s.t.Helper()
	token := s.enrol(nil)
	hostID = s.approve(s.waiting(), map[string]any{})["id"].(string)
	status, bundle := s.poll(token)
	require.Equal(s.t, 200, status)
	return hostID, fleet.CertificateSerial(certificate(s.t, bundle["server_crt"]).SerialNumber)
}

func certificate(t testing.TB, text any) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode([]byte(text.(string)))
	require.NotNil(t, block)
	parsed, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	return parsed
}

func TestAMachineThatIsApprovedGetsItsBundleOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	group := s.group("web")
	token := s.enrol(nil)
	require.Len(t, token, 43, "256 bits in base64url")
	s.requirePoll(token, 202, "pending")

	seen := items(t, s.must(200, s.admin, "GET", enrolments, nil))[0]
	require.Equal(t, "192.0.2.1", seen["remote_address"], "of the connection, whatever the machine says")
	for field, want := range machine(nil) {
		require.Equal(t, want, seen[field], field)
	}
	require.Equal(t, seen, s.must(200, s.admin, "GET", enrolments+"/"+seen["id"].(string), nil))

	host := s.approve(seen["id"].(string), map[string]any{"group_ids": []string{group}, "labels": map[string]string{"env": "prod"}})
	require.Equal(t, "web1.example.com", host["fqdn"])
	require.Equal(t, "192.0.2.7", host["address"])
	require.Equal(t, "web1", host["display_name"])
	require.Equal(t, []any{group}, host["group_ids"])

	status, bundle := s.poll(token)
	require.Equal(t, 200, status)
	require.Equal(t, "approved", bundle["status"])
	require.Len(t, bundle, 7)
	require.Contains(t, bundle, "repo_config")
	require.Nil(t, bundle["repo_config"])
	requireBundle(t, bundle)
	s.requirePoll(token, 404, "not_found")

	seen = s.must(200, s.admin, "GET", enrolments+"/"+seen["id"].(string), nil)
	require.Equal(t, "delivered", seen["status"])
	require.Equal(t, host["id"], seen["host_id"])
	require.Equal(t, "root", seen["decided_by"])
	for _, action := range []string{"enrolment.request", "enrolment.approve", "enrolment.deliver", "host.create"} {
		require.Equal(t, 1, s.count(`select count(*) from audit_entries where action = $1`, action), action)
	}
}

// requireBundle holds that the parts of a bundle belong together.
func requireBundle(t *testing.T, bundle map[string]any) {
	t.Helper()
	_, err := tls.X509KeyPair([]byte(bundle["server_crt"].(string)), []byte(bundle["server_key"].(string)))
	require.NoError(t, err)
	ca := certificate(t, bundle["ca_crt"])
	roots := x509.NewCertPool()
	roots.AddCert(ca)
	_, err = certificate(t, bundle["server_crt"]).Verify(x509.VerifyOptions{Roots: roots, DNSName: "web1.example.com"})
	require.NoError(t, err)
	block, _ := pem.Decode([]byte(bundle["crl_pem"].(string)))
	list, err := x509.ParseRevocationList(block.Bytes)
	require.NoError(t, err)
	require.NoError(t, list.CheckSignatureFrom(ca))
	require.Equal(t, bundle["ca_crt"], bundle["ca_chain"])
}

func TestNeitherTokenNorKeyOfAMachineIsKeptAnywhere(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	token := s.enrol(nil)
	s.approve(s.waiting(), map[string]any{})
	s.requirePoll("wrong-"+token, 404, "not_found")
	_, bundle := s.poll(token)
	key := strings.Split(bundle["server_key"].(string), "\n")[1]
	require.Len(t, key, 64)
	for _, table := range []string{"enrolments", "certificates", "hosts", "audit_entries", "events", "throttles"} {
		for _, secret := range []string{token, key} {
			require.Zero(t, s.count(fmt.Sprintf(`select count(*) from %s t where t::text like '%%' || $1 || '%%'`, table), secret), table)
		}
	}
	require.Equal(t, 1, s.count(`select count(*) from enrolments where token_hash = sha256($1::bytea)`, []byte(token)))
	require.Contains(t, s.log.String(), "/enroll/status/[redacted]")
	require.NotContains(t, s.log.String(), token)
	require.NotContains(t, s.log.String(), key)
}

func TestOfFiftyPollsAtOnceExactlyOneGetsTheBundle(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	token := s.enrol(nil)
	s.approve(s.waiting(), map[string]any{})
	answers := make([]answer, 50)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() { answers[i] = s.call("", "GET", enroll+"/status/"+token, nil) })
	}
	wg.Wait()
	statuses := map[int]int{}
	for _, a := range answers {
		statuses[a.status]++
		require.Equal(t, a.status == 200, strings.Contains(string(a.body), "PRIVATE KEY"))
	}
	require.Equal(t, map[int]int{200: 1, 404: 49}, statuses)
	require.Equal(t, 1, s.count(`select count(*) from certificates`))
	require.Equal(t, 1, s.count(`select count(*) from audit_entries where action = 'enrolment.deliver'`))
}

func TestABundleIsFetchedWithinTenMinutesOfTheApproval(t *testing.T) {
	t.Parallel()
	for ago, want := range map[string]int{"9 minutes 55 seconds": 200, "10 minutes": 404} {
		s := newSite(t)
		token := s.enrol(nil)
		id := s.waiting()
		s.approve(id, map[string]any{})
		s.exec(`update enrolments set decided_at = now() - $1::interval`, ago)
		status, _ := s.poll(token)
		require.Equal(t, want, status, ago)
		if want == 404 {
			require.Equal(t, "expired", s.must(200, s.admin, "GET", enrolments+"/"+id, nil)["status"])
			require.Zero(t, s.count(`select count(*) from certificates`))
		}
	}
}

func TestATokenThatNobodyApprovedEndsAfterADay(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	token := s.enrol(nil)
	id := s.waiting()
	s.exec(`update enrolments set created_at = now() - interval '23 hours 59 minutes'`)
	s.requirePoll(token, 202, "pending")
	s.exec(`update enrolments set created_at = now() - interval '24 hours'`)
	s.requirePoll(token, 404, "not_found")
	s.refuse(409, "enrolment_decided", s.admin, "POST", enrolments+"/"+id+"/approve", map[string]any{})
	s.refuse(409, "enrolment_decided", s.admin, "POST", enrolments+"/"+id+"/deny", nil)
	require.Equal(t, []string{id}, pluck(t, s.must(200, s.admin, "GET", enrolments+"?status=expired", nil), "id"))
	require.Empty(t, items(t, s.must(200, s.admin, "GET", enrolments+"?status=pending", nil)))
}

// An administrator looked at the first request: approving that must not let in whoever asked in its name since.
func TestAMachineThatAsksAgainTakesThePlaceOfItsWaitingRequest(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	first := s.enrol(nil)
	id := s.waiting()
	second := s.enrol(map[string]any{"ip_address": "192.0.2.66"})
	s.requirePoll(first, 404, "not_found")
	s.requirePoll(second, 202, "pending")
	s.refuse(404, "not_found", s.admin, "POST", enrolments+"/"+id+"/approve", map[string]any{})
	require.NotEqual(t, id, s.waiting())
	require.Zero(t, s.count(`select count(*) from hosts`))

	s.approve(s.waiting(), map[string]any{})
	third := s.enrol(nil)
	s.requirePoll(third, 202, "pending")
	status, _ := s.poll(second)
	require.Equal(t, 200, status, "what was approved is not taken away by whoever asks in its name")
}

func TestADeniedMachineIsToldSoAndMayAskAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	token := s.enrol(nil)
	id := s.waiting()
	s.must(204, s.admin, "POST", enrolments+"/"+id+"/deny", nil)
	s.requirePoll(token, 403, "denied")
	s.refuse(409, "enrolment_decided", s.admin, "POST", enrolments+"/"+id+"/approve", map[string]any{})
	s.refuse(409, "enrolment_decided", s.admin, "POST", enrolments+"/"+id+"/deny", nil)
	require.Equal(t, 1, s.count(`select count(*) from audit_entries where action = 'enrolment.deny'`))

	again := s.enrol(nil)
	s.requirePoll(again, 202, "pending")
	id = s.waiting()
	s.approve(id, map[string]any{})
	s.must(204, s.admin, "POST", enrolments+"/"+id+"/deny", nil)
	s.requirePoll(again, 403, "denied")
	require.Zero(t, s.count(`select count(*) from certificates`))
}

func TestEachFieldOfAMachineIsBounded(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	details := func(bytes int) map[string]any { return map[string]any{"x": strings.Repeat("y", bytes-len(`{"x":""}`))} }
	for _, c := range []struct {
		field     string
		good, bad any
	}{
		{"machine_id", strings.Repeat("a", 128), strings.Repeat("a", 129)},
		{"machine_id", "a", ""},
		{"machine_id", "a-b", "a b"},
		{"fqdn", strings.Repeat("a.", 126) + "a", strings.Repeat("a.", 126) + "aa"},
		{"fqdn", "web1", "web_1"},
		{"fqdn", "a.example.com", "192.0.2.7"},
		{"fqdn", "A.example.com", "*.example.com"},
		{"ip_address", "2001:db8::1", "web1"},
		{"ip_address", "192.0.2.7", "fe80::1%eth0"},
		{"hostname", strings.Repeat("h", 253), strings.Repeat("h", 254)},
		{"hostname", "", "a\nb"},
		{"os_details", details(4096), details(4097)},
		{"os_details", map[string]any{}, []string{}},
		{"os_details", map[string]any{"x": "é"}, map[string]any{"x": "\x00"}},
	} {
		s.exec(`delete from throttles`)
		s.enrol(map[string]any{c.field: c.good})
		a := s.call("", "POST", enroll, machine(map[string]any{c.field: c.bad}))
		require.Equal(t, 422, a.status, "%s %v: %s", c.field, c.bad, a.body)
	}
	require.Equal(t, 413, s.call("", "POST", enroll, machine(map[string]any{"x": strings.Repeat("y", 16<<10)})).status)
}

func TestWhatOtherVersionsOfAgentsSendBesidesIsTakenNoNoticeOf(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.enrol(map[string]any{"agent_version": "3.0", "tags": []string{"x"}})
	body := machine(nil)
	delete(body, "hostname")
	s.must(202, "", "POST", enroll, body)
}

// fill writes n waiting requests that came from an address.
func (s *site) fill(n int, address string) {
	s.t.Helper()
	s.exec(`insert into enrolments (id, machine_id, fqdn, ip_address, remote_addr, remote_network, token_hash)
		select gen_random_uuid(), $2 || '-' || i, 'x' || i, '192.0.2.1', $2, $2, sha256(($2 || i)::bytea) from generate_series(1, $1::integer) i`, n, address)
}

func TestAtMostAThousandMachinesWaitAndAQuarterOfThemFromOneAddress(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	other := func(n int) map[string]any { return map[string]any{"machine_id": fmt.Sprint("m", n)} }
	s.fill(249, "192.0.2.1")
	s.enrol(other(1))
	s.refuse(429, "too_many_requests", "", "POST", enroll, machine(other(2)))
	s.enrol(other(1))

	s.exec(`delete from enrolments`)
	s.fill(999, "198.51.100.1")
	s.enrol(other(1))
	s.refuse(429, "too_many_requests", "", "POST", enroll, machine(other(2)))
	s.enrol(other(1))
	s.exec(`update enrolments set created_at = now() - interval '24 hours' where remote_addr = '198.51.100.1'`)
	s.enrol(other(2))
}

func TestAnAddressAsksForEnrolmentAtMostThirtyTimesAMinute(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for range 30 {
		s.enrol(nil)
	}
	a := s.call("", "POST", enroll, machine(nil))
	require.Equal(t, 429, a.status)
	require.NotEmpty(t, a.header.Get("Retry-After"))
}

func TestTheAnswerToAMachineTellsNothingOfHostsOrRequests(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.host("known.example.com")
	s.enrol(map[string]any{"machine_id": "waits"})
	shape := func(change map[string]any) (int, string, []string) {
		a := s.call("", "POST", enroll, machine(change))
		return a.status, fmt.Sprint(len(a.body)), keysOf(a.json(t))
	}
	wantStatus, wantLength, wantKeys := shape(map[string]any{"machine_id": "new", "fqdn": "new.example.com"})
	for _, change := range []map[string]any{
		{"machine_id": "other", "fqdn": "known.example.com"}, {"machine_id": "other2", "fqdn": "KNOWN.example.com"}, {"machine_id": "waits"},
	} {
		status, length, keys := shape(change)
		require.Equal(t, wantStatus, status)
		require.Equal(t, wantLength, length)
		require.Equal(t, wantKeys, keys)
	}
}

func keysOf(m map[string]any) (keys []string) {
	for k := range m {
		keys = append(keys, k)
	}
	return keys
}

func TestAnExistingHostEnrolsAgainOnlyByItsId(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	host, other := s.host("WEB1.example.com"), s.host("web2.example.com")
	token := s.enrol(nil)
	id := s.waiting()
	path := enrolments + "/" + id + "/approve"
	require.Equal(t, host, s.must(200, s.admin, "GET", enrolments+"/"+id, nil)["registered_host_id"])

	require.Equal(t, []string{"fqdn"}, s.refuse(409, "fqdn_taken", s.admin, "POST", path, map[string]any{}))
	s.refuse(409, "fqdn_differs", s.admin, "POST", path, map[string]any{"host_id": other})
	s.refuse(404, "not_found", s.admin, "POST", path, map[string]any{"host_id": uuid.NewString()})
	require.Equal(t, []string{"host_id"}, s.refuse(422, "invalid_field", s.admin, "POST", path, map[string]any{"host_id": "x"}))
	require.Equal(t, []string{"host_id"}, s.refuse(422, "invalid_field", s.admin, "POST", path, map[string]any{"host_id": host, "zone": "dmz"}))
	require.Equal(t, []string{"group_ids[0]"}, s.refuse(422, "invalid_field", s.admin, "POST", path, map[string]any{"group_ids": []string{uuid.NewString()}}))
	s.requirePoll(token, 202, "pending")

	before := s.must(200, s.admin, "GET", hosts+"/"+host, nil)
	require.Equal(t, before, s.approve(id, map[string]any{"host_id": host}), "the host stays as it is")
	status, bundle := s.poll(token)
	require.Equal(t, 200, status)
	require.Equal(t, []string{"web1.example.com"}, certificate(t, bundle["server_crt"]).DNSNames, "exactly as approved")
	require.Empty(t, certificate(t, bundle["server_crt"]).IPAddresses, "the host is dialled by its name")
	require.Equal(t, 2, s.count(`select count(*) from hosts`))
}

func TestAHostThatIsGoneOrRenamedByNowGetsNoCertificate(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, change := range []string{`delete from hosts`, `update hosts set fqdn = 'web9.example.com'`} {
		token := s.enrol(nil)
		s.approve(s.waiting(), map[string]any{})
		s.exec(change)
		s.requirePoll(token, 404, "not_found")
	}
	require.Zero(t, s.count(`select count(*) from certificates`))
}

func TestWithoutAnAuthorityOfOurOwnEnrolmentIsUnavailable(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	token := s.enrol(nil)
	id := s.waiting()
	s.serve(func(c *apiConfig) { c.Authority = nil })
	s.refuse(503, "enrolment_unavailable", "", "POST", enroll, machine(nil))
	s.refuse(503, "enrolment_unavailable", "", "GET", enroll+"/status/"+token, nil)
	s.refuse(503, "enrolment_unavailable", "", "GET", revocationList, nil)
	s.refuse(503, "enrolment_unavailable", s.admin, "POST", enrolments+"/"+id+"/approve", map[string]any{})
	s.must(204, s.admin, "POST", enrolments+"/"+id+"/deny", nil)
}

func TestEnrolmentsArePagedTheLatestFirst(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.fill(5, "192.0.2.1") // in one transaction, so that the times are the same
	seen, cursor := []string{}, ""
	for {
		page := s.must(200, s.admin, "GET", enrolments+"?limit=2"+cursor, nil)
		seen = append(seen, pluck(t, page, "machine_id")...)
		if page["next_cursor"] == nil {
			break
		}
		cursor = "&cursor=" + page["next_cursor"].(string)
	}
	require.ElementsMatch(t, []string{"192.0.2.1-1", "192.0.2.1-2", "192.0.2.1-3", "192.0.2.1-4", "192.0.2.1-5"}, seen)
	s.refuse(422, "invalid_cursor", s.admin, "GET", enrolments+"?cursor=bnVsbA", nil)
}

func (s *site) revocationList() *x509.RevocationList {
	s.t.Helper()
	s.serve(func(*apiConfig) {}) // another process, which has no list at hand
	a := s.call("", "GET", revocationList, nil)
	require.Equal(s.t, 200, a.status)
	block, _ := pem.Decode(a.body)
	list, err := x509.ParseRevocationList(block.Bytes)
	require.NoError(s.t, err)
	return list
}

func (s *site) revoked(serial string) bool {
	s.t.Helper()
	revoked, err := s.store.CertificateRevoked(context.Background(), serial)
	require.NoError(s.t, err)
	return revoked
}

func TestARevokedCertificateIsKnownAtOnceAndStandsInTheNextList(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	host, serial := s.enrolled()
	path := hosts + "/" + host + "/certificate/revoke"
	require.False(t, s.revoked(serial))
	require.Empty(t, s.revocationList().RevokedCertificateEntries)

	list := items(t, s.must(200, s.admin, "POST", path, map[string]any{"reason": "stolen"}))
	require.Len(t, list, 1)
	require.Equal(t, serial, list[0]["serial"])
	require.Equal(t, "root", list[0]["revoked_by"])
	require.Equal(t, "stolen", list[0]["revocation_reason"])
	require.True(t, s.revoked(serial))
	entries := s.revocationList().RevokedCertificateEntries
	require.Len(t, entries, 1)
	require.Equal(t, serial, fleet.CertificateSerial(entries[0].SerialNumber))
	require.Equal(t, 1, s.count(`select count(*) from audit_entries where action = 'certificate.revoke' and detail::jsonb -> 'serials' ? $1`, serial))

	s.refuse(409, "nothing_to_revoke", s.admin, "POST", path, map[string]any{})
	s.refuse(409, "nothing_to_revoke", s.admin, "POST", path, map[string]any{"serial": serial})
	s.exec(`update certificates set expires_at = now()`)
	require.Empty(t, s.revocationList().RevokedCertificateEntries, "what has run out needs no place")
}

func TestACertificateThatWasIssuedElsewhereIsRevokedByItsNumber(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	host, other := s.host("web1.example.com"), s.host("web2.example.com")
	path := hosts + "/" + host + "/certificate/revoke"
	s.must(200, s.admin, "POST", path, map[string]any{"serial": "00:0A:FF"})
	require.True(t, s.revoked("0aff"))
	require.False(t, s.revoked("0a"))
	s.refuse(409, "nothing_to_revoke", s.admin, "POST", hosts+"/"+other+"/certificate/revoke", map[string]any{"serial": "aff"})
	for _, bad := range []string{"x", "0x0a", strings.Repeat("ab", 21), ":"} {
		require.Equal(t, []string{"serial"}, s.refuse(422, "invalid_field", s.admin, "POST", path, map[string]any{"serial": bad}), bad)
	}
	s.must(200, s.admin, "POST", path, map[string]any{"serial": strings.Repeat("ab", 20)})
	require.Len(t, s.revocationList().RevokedCertificateEntries, 2)
}

func TestTheCertificatesOfADeletedHostAreRevoked(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	host, serial := s.enrolled()
	s.must(204, s.admin, "DELETE", hosts+"/"+host, nil)
	require.True(t, s.revoked(serial))
	require.Len(t, s.revocationList().RevokedCertificateEntries, 1)
}

func TestTheCertificatesOfARenamedHostAreRevoked(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	host, serial := s.enrolled()
	s.must(200, s.admin, "PUT", hosts+"/"+host, map[string]any{"fqdn": "WEB1.example.com", "display_name": "same name"})
	require.False(t, s.revoked(serial))
	s.must(200, s.admin, "PUT", hosts+"/"+host, map[string]any{"fqdn": "web2.example.com"})
	require.True(t, s.revoked(serial), "another host may be web1 from now on")
	require.Equal(t, 1, s.count(`select count(*) from audit_entries where action = 'host.update' and detail::jsonb -> 'revoked_certificates' ? $1`, serial))
}

// whileDelivered has a change of the host come in after its certificate was signed and before that is recorded.
func (s *site) whileDelivered(token string, change func()) (serial string) {
	s.t.Helper()
	ended := make(chan struct{})
	_, err := s.store.PollEnrolment(s.t.Context(), fleet.Actor{}, token,
		func(h fleet.HostIdentity, _ []fleet.RevokedCertificate) (fleet.EnrolmentBundle, error) {
			issued, err := s.authority.IssueHost(h)
			serial = issued.Serial
			go func() { defer close(ended); change() }()
			require.Eventually(s.t, func() bool {
				select {
				case <-ended:
					return true
				default:
					return s.count(`select count(*) from pg_locks l join pg_stat_activity a using (pid)
						where not l.granted and a.datname = current_database()`) > 0
				}
			}, 10*time.Second, 10*time.Millisecond, "the change ends, or waits for us")
			return fleet.EnrolmentBundle{IssuedCertificate: issued}, err
		})
	require.NoError(s.t, err)
	<-ended
	return serial
}

func TestACertificateThatIsBeingDeliveredIsRevokedWithTheOthersOfItsHost(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		method, path string
		status       int
	}{{"DELETE", "", 204}, {"POST", "/certificate/revoke", 200}} {
		s := newSite(t)
		token := s.enrol(nil)
		host := s.approve(s.waiting(), map[string]any{})["id"].(string)
		var a answer
		serial := s.whileDelivered(token, func() { a = s.call(s.admin, c.method, hosts+"/"+host+c.path, map[string]any{}) })
		require.Equal(t, c.status, a.status, "%s: %s", c.path, a.body)
		require.True(t, s.revoked(serial), c.path)
	}
}

func TestPollingAnswersAsBothKindsOfAgentsRead(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	a := s.call("", "GET", enroll+"/status/"+strings.Repeat("x", 5000), nil)
	require.Equal(t, http.StatusNotFound, a.status)
	require.True(t, strings.HasPrefix(a.header.Get("Content-Type"), "application/json"))
	require.True(t, json.Valid(a.body))
	require.JSONEq(t, `{"status": "not_found"}`, string(a.body))
}
