package api_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
)

// pages reads a whole list of hosts in pages of the size, and holds that each tells the same total.
func (s *site) pages(token, query string, limit int) (names []string, totals []float64) {
	s.t.Helper()
	for cursor := ""; ; {
		page := s.must(200, token, "GET", fmt.Sprintf("%s?limit=%d&%s&cursor=%s", hosts, limit, query, url.QueryEscape(cursor)), nil)
		for _, h := range items(s.t, page) {
			names = append(names, strings.TrimSuffix(h["fqdn"].(string), ".example.com"))
		}
		if totals = append(totals, page["total"].(float64)); page["next_cursor"] == nil {
			return names, totals
		}
		cursor = page["next_cursor"].(string)
	}
}

// sortable is a fleet with ties and gaps in every column.
func sortable(t *testing.T) *site {
	t.Helper()
	s := newSite(t)
	now := time.Now().Truncate(time.Second)
	for i, h := range []struct {
		outcome string
		pending any
		seen    any
	}{
		{"healthy", 3, now},
		{"unhealthy", nil, nil},
		{"", 0, now.Add(-time.Hour)},
		{"unhealthy", 3, now},
		{"none", 12, nil},
		{"healthy", nil, now.Add(-time.Minute)},
		{"error", 3, now},
	} {
		id := s.host(fmt.Sprintf("h%d.example.com", i))
		if h.outcome != "none" {
			check := s.check(id, "one")
			if h.outcome != "" {
				s.result(check, h.outcome, now)
			}
		}
		s.exec(`update hosts set pending_patches = $2, agent_last_seen_at = $3 where id = $1`, id, h.pending, h.seen)
	}
	return s
}

func TestHostsAreSortedEitherWayWithThoseWithoutAValueLast(t *testing.T) {
	t.Parallel()
	s := sortable(t)
	// Hosts that are equal come in the order of their ids, which are made in order, and so backwards the other way.
	for sort, want := range map[string]string{
		"fqdn":             "h0 h1 h2 h3 h4 h5 h6",
		"-fqdn":            "h6 h5 h4 h3 h2 h1 h0",
		"health":           "h1 h3 h2 h6 h4 h0 h5",
		"-health":          "h5 h0 h4 h6 h2 h3 h1",
		"pending_patches":  "h2 h0 h3 h6 h4 h1 h5",
		"-pending_patches": "h4 h6 h3 h0 h2 h5 h1",
		"last_seen_at":     "h2 h5 h0 h3 h6 h1 h4",
		"-last_seen_at":    "h6 h3 h0 h5 h2 h4 h1",
	} {
		for limit := 1; limit <= 8; limit++ {
			got, totals := s.pages(s.admin, "sort="+sort, limit)
			require.Equal(t, strings.Fields(want), got, "sort=%s in pages of %d", sort, limit)
			require.Equal(t, slices.Repeat([]float64{7}, len(totals)), totals)
		}
	}
	require.Equal(t, []string{"sort"}, s.refuse(422, "invalid_field", s.admin, "GET", hosts+"?sort=zone", nil))
}

func TestPagesOfAFilteredAndSortedListHaveEveryHostOnce(t *testing.T) {
	t.Parallel()
	s := sortable(t)
	for query, want := range map[string]string{
		"health=unhealthy&sort=-pending_patches": "h3 h1",
		"health=healthy&sort=health":             "h0 h5",
		"has_pending_patches=true&sort=health":   "h3 h6 h4 h0",
	} {
		got, totals := s.pages(s.admin, query, 1)
		require.Equal(t, strings.Fields(want), got, query)
		require.InDelta(t, len(got), totals[0], 0, query)
	}
}

func TestACursorOfAnotherOrderIsRefused(t *testing.T) {
	t.Parallel()
	s := sortable(t)
	orders := []string{"fqdn", "-fqdn", "health", "pending_patches", "-pending_patches", "last_seen_at"}
	for _, sort := range orders {
		cursor := s.must(200, s.admin, "GET", hosts+"?limit=1&sort="+sort, nil)["next_cursor"].(string)
		for _, other := range orders {
			path := hosts + "?limit=1&sort=" + other + "&cursor=" + cursor
			if other == sort {
				s.must(200, s.admin, "GET", path, nil)
				continue
			}
			require.Equal(t, []string{"cursor"}, s.refuse(422, "invalid_cursor", s.admin, "GET", path, nil))
		}
	}
}

func TestTheTotalCountsTheHostsThatMatchInTheScopeOfTheCaller(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	group := s.group("g")
	for i := range 5 {
		s.host(fmt.Sprintf("in%d.example.com", i), group)
	}
	s.host("out.example.com")
	viewer := s.member(map[string]fleet.Role{group: fleet.RoleViewer})
	nobody := s.member(nil)
	for _, c := range []struct {
		token, query string
		total        int
	}{
		{s.admin, "", 6}, {viewer, "", 5}, {nobody, "", 0}, {viewer, "q=out", 0}, {viewer, "q=in3", 1}, {viewer, "health=none", 5}, {s.admin, "health=none", 6},
	} {
		require.InDelta(t, c.total, s.must(200, c.token, "GET", hosts+"?limit=2&"+c.query, nil)["total"], 0, c.query)
	}
}

func TestHostsAreFilteredByWhatTheirAgentsSaid(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	now := time.Now()
	yes, no := true, false
	for i, h := range []struct {
		reachable, reboot *bool
		pending           any
		ends              any
		checked           time.Duration // ago, 0: no check
	}{
		{&yes, &yes, 2, now.Add(fleet.CertificateNotice - time.Hour), time.Minute},
		{&no, &no, 0, now.Add(-time.Hour), 11 * time.Minute},
		{nil, nil, nil, nil, 0},
		{&yes, &no, 1, now.Add(fleet.CertificateNotice + time.Hour), 200 * time.Hour},
	} {
		id := s.host(fmt.Sprintf("h%d.example.com", i))
		s.exec(`update hosts set agent_reachable = $2, reboot_required = $3, pending_patches = $4, certificate_expires_at = $5 where id = $1`,
			id, h.reachable, h.reboot, h.pending, h.ends)
		if h.checked > 0 {
			s.result(s.check(id, "one"), "healthy", now.Add(-h.checked))
			s.check(id, "never run")
		}
	}
	filters := map[string]string{
		"agent=reachable": "h0 h3", "agent=unreachable": "h1", "agent=unknown": "h2",
		"reboot_required=true": "h0", "reboot_required=false": "h1 h3",
		"has_pending_patches=true": "h0 h3", "has_pending_patches=false": "h1",
		"stale=true": "h1", "stale=false": "h0 h2 h3",
		"certificate_expiring=true": "h0 h1", "certificate_expiring=false": "h2 h3",
		"agent=reachable&stale=false": "h0 h3",
	}
	for query, want := range filters {
		got, totals := s.pages(s.admin, query, 1)
		require.Equal(t, strings.Fields(want), got, query)
		require.InDelta(t, len(got), totals[0], 0, query)
	}
	s.exec(`update host_health_checks set enabled = false`)
	got, _ := s.pages(s.admin, "stale=true", 10)
	require.Empty(t, got, "nobody runs a disabled check")
	for _, query := range []string{"agent=away", "reboot_required=maybe", "stale=1x"} {
		field, _, _ := strings.Cut(query, "=")
		require.Equal(t, []string{field}, s.refuse(422, "invalid_field", s.admin, "GET", hosts+"?"+query, nil), query)
	}
}

func TestTheTableOfHostsHoldsAllThatMatchInTheirOrder(t *testing.T) {
	t.Parallel()
	s := sortable(t)
	s.exec(`insert into hosts (id, fqdn, address, agent_port) select gen_random_uuid(), 'many' || n, '10.0.0.1', 1 from generate_series(1, 2100) n`)
	rows := table(t, s.call(s.admin, "GET", hosts+"?format=csv&limit=1&sort=-pending_patches", nil))
	require.Len(t, rows, 1+2107)
	require.Equal(t, []string{"h4.example.com", "h6.example.com", "h3.example.com", "h0.example.com", "h2.example.com"}, []string{
		rows[1][1], rows[2][1], rows[3][1], rows[4][1], rows[5][1],
	})
	seen := map[string]bool{}
	for _, row := range rows[1:] {
		seen[row[0]] = true
	}
	require.Len(t, seen, 2107)
	require.Len(t, table(t, s.call(s.admin, "GET", hosts+"?q=h1.&sort=health", nil, "Accept", "text/csv")), 1+1)
	require.Len(t, table(t, s.call(s.member(nil), "GET", hosts+"?format=csv", nil)), 1)
}

func TestATableOfMoreHostsThanTheLimitIsRefused(t *testing.T) {
	t.Parallel()
	s := sortable(t)
	all := fleet.Scope{All: true}
	next, err := s.store.ExportHosts(t.Context(), all, fleet.HostFilter{}, 7)
	require.NoError(t, err)
	page, err := next(t.Context())
	require.NoError(t, err)
	require.Len(t, page, 7)
	_, err = s.store.ExportHosts(t.Context(), all, fleet.HostFilter{}, 6)
	require.ErrorContains(t, err, "more than 6 hosts match")
}

func TestTheTableOfHostsSaysWhatTheListSays(t *testing.T) {
	t.Parallel()
	s := sortable(t)
	s.exec(`update hosts set labels = '{"a": "b"}', agent_error = '=cmd|x', display_name = ' @SUM(A1)', agent_reachable = false`)
	list := items(t, s.must(200, s.admin, "GET", hosts, nil))
	rows := table(t, s.call(s.admin, "GET", hosts+"?format=csv", nil))
	for i, host := range list {
		row := map[string]string{}
		for column, name := range rows[0] {
			row[name] = rows[1+i][column]
		}
		require.Equal(t, host["id"], row["id"])
		require.Equal(t, host["health"].(map[string]any)["state"], row["health"])
		require.Equal(t, text(host["pending_patches"]), row["pending_patches"])
		require.Equal(t, text(host["agent"].(map[string]any)["last_seen_at"]), row["last_seen_at"])
		require.Equal(t, "false", row["agent_reachable"])
		require.JSONEq(t, `{"a":"b"}`, row["labels"])
		require.Equal(t, "'=cmd|x", row["agent_error"], "no formula")
		require.Equal(t, "' @SUM(A1)", row["display_name"], "no formula")
	}
}

// text is a value of JSON as a cell holds it.
func text(v any) string {
	if v == nil {
		return ""
	}
	if s, ok := v.(string); ok {
		return s
	}
	encoded, _ := json.Marshal(v)
	return string(encoded)
}
