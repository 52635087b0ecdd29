package api_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTheHistoryOfACheckSumsUpEveryResultByTheHour(t *testing.T) {
	t.Parallel()
	s, path := newCheckSite(t)
	id := s.must(201, s.admin, "POST", path, httpCheck(nil))["id"].(string)
	path += "/" + id + "/history"
	s.exec(`select make_partitions(now() - interval '5 days', now())`)
	empty := s.must(200, s.admin, "GET", path, nil)
	require.EqualValues(t, 0, empty["results"])
	require.Nil(t, empty["latency_ms"])
	require.Empty(t, empty["hours"])

	now := time.Now().UTC()
	hour := now.Truncate(time.Hour)
	s.exec(`insert into host_health_check_results
		select $1, $2::timestamptz - interval '50 hours' + n * interval '1 second', 'healthy', true, '', n from generate_series(0, 7199) n`, id, hour)
	put := func(at time.Time, outcome, detail string, latency int) {
		s.exec(`insert into host_health_check_results values ($1, $2, $3::text, $3 = 'healthy', $4, $5)`, id, at, outcome, detail, latency)
	}
	put(hour.Add(-96*time.Hour), "unhealthy", "too old", 1)
	put(hour.Add(-95*time.Hour), "unhealthy", "oldest", 90_000)
	put(hour.Add(-10*time.Hour), "unhealthy", "first", 5)
	put(hour.Add(-10*time.Hour+time.Second), "error", "second", 7)
	put(hour.Add(-10*time.Hour+2*time.Second), "healthy", "", 6)
	put(hour.Add(-9*time.Hour), "unhealthy", "still", 4)

	got := s.must(200, s.admin, "GET", path, nil)
	require.Equal(t, hour.Add(-95*time.Hour).Format(time.RFC3339), got["from"])
	latency := func(low, median, high float64) map[string]any {
		return map[string]any{"min": low, "median": median, "max": high}
	}
	sum := func(healthy, unhealthy, errors float64, l map[string]any) map[string]any {
		return map[string]any{"results": healthy + unhealthy + errors, "healthy": healthy, "unhealthy": unhealthy, "errors": errors, "latency_ms": l}
	}
	for field, want := range sum(7201, 3, 1, latency(0, 3598, 90_000)) {
		require.Equal(t, want, got[field], field)
	}
	at := func(hours time.Duration, sum map[string]any) map[string]any {
		sum["starts_at"] = hour.Add(-hours * time.Hour).Format(time.RFC3339)
		return sum
	}
	require.Equal(t, []any{
		at(95, sum(0, 1, 0, latency(90_000, 90_000, 90_000))),
		at(50, sum(3600, 0, 0, latency(0, 1799, 3599))), at(49, sum(3600, 0, 0, latency(3600, 5399, 7199))),
		at(10, sum(1, 1, 1, latency(5, 6, 7))), at(9, sum(0, 1, 0, latency(4, 4, 4))),
	}, got["hours"])
	require.EqualValues(t, 3, got["spell_count"])
	require.Equal(t, []any{
		map[string]any{"starts_at": hour.Add(-9 * time.Hour).Format(time.RFC3339), "ends_at": nil, "results": 1.0, "detail": "still"},
		map[string]any{
			"starts_at": hour.Add(-10 * time.Hour).Format(time.RFC3339),
			"ends_at":   hour.Add(-10*time.Hour + 2*time.Second).Format(time.RFC3339), "results": 2.0, "detail": "second",
		},
		map[string]any{
			"starts_at": hour.Add(-95 * time.Hour).Format(time.RFC3339), "ends_at": hour.Add(-50 * time.Hour).Format(time.RFC3339),
			"results": 1.0, "detail": "oldest",
		},
	}, got["spells"])

	for n := range 12 {
		put(hour.Add(-8*time.Hour+time.Duration(2*n)*time.Minute), "healthy", "", 1)
		put(hour.Add(-8*time.Hour+time.Duration(2*n+1)*time.Minute), "unhealthy", "flaps", 1)
	}
	got = s.must(200, s.admin, "GET", path, nil)
	require.EqualValues(t, 15, got["spell_count"])
	require.Len(t, got["spells"], 10)
}
