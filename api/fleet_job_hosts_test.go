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

const jobHosts = "/api/v1/job-hosts"

// stuck is a fleet whose job hosts give up at different times: b at once, d with its window, a later, c never; e and f have
// ended, f last.
func stuck(t *testing.T) *site {
	t.Helper()
	s := newSite(t)
	group := s.group("g")
	ids := map[string]string{}
	var all []string
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		ids[name] = s.host(name+".example.com", group)
		all = append(all, ids[name])
	}
	s.job(s.admin, map[string]any{"host_ids": all})
	now := time.Now().UTC().Truncate(time.Second)
	until := func(after time.Duration) string {
		return fmt.Sprintf(`{"reason": "health_check", "until": %q}`, now.Add(after).Format(time.RFC3339Nano))
	}
	for _, row := range []struct {
		name, status string
		wait         any
		lastStart    any
		updated      time.Duration
	}{
		{"a", "waiting_health_check", until(time.Hour), now.Add(time.Minute), 0},
		{"b", "waiting_slot", until(time.Minute), now.Add(time.Hour), 0},
		{"c", "queued", nil, nil, 0},
		{"d", "waiting_window", nil, now.Add(20 * time.Minute), 0},
		{"e", "failed", nil, now.Add(-time.Hour), time.Second},
		{"f", "succeeded", nil, nil, time.Minute},
	} {
		s.exec(`update job_hosts set status = $2, wait = $3, span_starts_at = $4, span_last_start_at = $4, span_ends_at = $4, updated_at = $5,
			reason = case when $2 = 'failed' then 'agent_error' end where host_id = $1`,
			ids[row.name], row.status, row.wait, row.lastStart, now.Add(row.updated))
	}
	return s
}

func (s *site) jobHostNames(token, query string, limit int) string {
	s.t.Helper()
	var names []string
	for cursor := ""; ; {
		page := s.must(200, token, "GET", fmt.Sprintf("%s?limit=%d&%s&cursor=%s", jobHosts, limit, query, url.QueryEscape(cursor)), nil)
		for _, h := range items(s.t, page) {
			names = append(names, strings.TrimSuffix(h["fqdn"].(string), ".example.com"))
		}
		if page["next_cursor"] == nil {
			require.InDelta(s.t, len(names), page["total"], 0, query)
			return strings.Join(names, " ")
		}
		cursor = page["next_cursor"].(string)
	}
}

func TestHostsOfAllJobsAreListedByWhatGivesUpFirst(t *testing.T) {
	t.Parallel()
	s := stuck(t)
	for query, want := range map[string]string{
		"":                              "b d a c f e",
		"unfinished=true":               "b d a c",
		"status=waiting_health_check":   "a",
		"status=queued&status=failed":   "c e",
		"status=failed&unfinished=true": "",
		"host_id=" + uuid.NewString():   "",
		"host_id=x":                     "",
		"unfinished=true&status=waiting_slot&status=succeeded": "b",
	} {
		for limit := 1; limit <= 7; limit++ {
			require.Equal(t, want, s.jobHostNames(s.admin, query, limit), "%s in pages of %d", query, limit)
		}
	}
	require.Equal(t, []string{"status[0]"}, s.refuse(422, "invalid_field", s.admin, "GET", jobHosts+"?status=ill", nil))
	require.Empty(t, s.jobHostNames(s.member(nil), "", 10))
}

func TestAHostOfAllJobsLooksAsInItsJob(t *testing.T) {
	t.Parallel()
	s := stuck(t)
	for _, h := range items(t, s.must(200, s.admin, "GET", jobHosts, nil)) {
		of := items(t, s.must(200, s.admin, "GET", fmt.Sprintf("/api/v1/jobs/%s/hosts?q=%s", h["job_id"], h["fqdn"]), nil))
		require.Equal(t, []map[string]any{h}, of)
	}
}

func TestTheSummaryCountsWhatIsStuckByStatus(t *testing.T) {
	t.Parallel()
	s := stuck(t)
	sum := s.must(200, s.admin, "GET", "/api/v1/fleet/summary", nil)
	require.Equal(t, map[string]any{"queued": 1.0, "waiting_window": 1.0, "waiting_health_check": 1.0, "waiting_slot": 1.0}, sum["job_hosts"])
	require.Equal(t, map[string]any{string(fleet.StatusRunning): 1.0}, sum["jobs"])
	s.exec(`update job_hosts set status = 'succeeded'`)
	sum = s.must(200, s.admin, "GET", "/api/v1/fleet/summary", nil)
	require.Empty(t, sum["job_hosts"])
	require.Empty(t, sum["jobs"], "a job that has ended is not counted")
}
