package api_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
)

const zones = "/api/v1/zones"

func (s *site) worker(zone string, ago time.Duration) {
	s.t.Helper()
	s.exec(`insert into zone_workers (worker_id, zone, seen_at) values (gen_random_uuid(), $1, now() - make_interval(secs => $2))`,
		zone, ago.Seconds())
}

func TestAHostWhoseZoneHasNoWorkerSaysSoAndSinceWhen(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	id := s.host("a.example.com")
	of := func() map[string]any {
		page := s.must(200, s.admin, "GET", hosts, nil)
		listed := page["items"].([]any)[0].(map[string]any)["zone_workers"].(map[string]any)
		require.Equal(t, listed, s.must(200, s.admin, "GET", hosts+"/"+id, nil)["zone_workers"])
		return listed
	}
	require.Equal(t, map[string]any{"state": "none", "unserved_since": nil}, of(), "no worker was ever seen")
	s.worker(fleet.DefaultZone, 4*time.Minute)
	gone := of()
	require.Equal(t, "none", gone["state"])
	since, err := time.Parse(time.RFC3339, gone["unserved_since"].(string))
	require.NoError(t, err)
	require.WithinDuration(t, time.Now().Add(-4*time.Minute), since, 30*time.Second)
	s.worker(fleet.DefaultZone, 0)
	require.Equal(t, map[string]any{"state": "served", "unserved_since": nil}, of())
}

func TestZonesAreListedWithTheHostsThatTheCallerSees(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	group := s.group("web")
	s.host("a.example.com", group)
	s.host("b.example.com")
	s.exec(`update hosts set zone = 'dmz' where fqdn = 'b.example.com'`)
	s.worker("dmz", 0)
	s.worker("dmz", time.Second)
	viewer := s.member(map[string]fleet.Role{group: fleet.RoleViewer})

	first := s.must(200, s.admin, "GET", zones+"?limit=1", nil)
	none := map[string]any{"name": "default", "hosts": 1.0, "state": "none", "unserved_since": nil, "workers": 0.0, "last_seen_at": nil}
	require.Equal(t, []any{none}, first["items"])
	second := s.must(200, s.admin, "GET", zones+"?limit=1&cursor="+url.QueryEscape(first["next_cursor"].(string)), nil)
	require.Nil(t, second["next_cursor"])
	dmz := second["items"].([]any)[0].(map[string]any)
	require.NotNil(t, dmz["last_seen_at"])
	delete(dmz, "last_seen_at")
	require.Equal(t, map[string]any{"name": "dmz", "hosts": 1.0, "state": "served", "unserved_since": nil, "workers": 2.0}, dmz)
	require.Equal(t, []any{none}, s.must(200, viewer, "GET", zones, nil)["items"], "zones of others' hosts are not told")
	s.refuse(422, "invalid_cursor", s.admin, "GET", zones+"?cursor=nonsense", nil)
}
