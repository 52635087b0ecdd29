package demo

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTheWindowIsOpenNowAndClosesAtAWholeMinute(t *testing.T) {
	t.Parallel()
	for _, now := range []time.Time{
		time.Date(2026, 11, 23, 9, 26, 0, 0, time.UTC),
		time.Date(2026, 11, 23, 9, 26, 0, 1, time.UTC),
		time.Date(2026, 11, 23, 9, 26, 59, 999, time.UTC),
		time.Date(2026, 12, 31, 23, 58, 30, 0, time.UTC),
		time.Date(2027, 1, 1, 0, 1, 30, 0, time.FixedZone("", 3600)),
	} {
		w, end := openWindow(now)
		start, err := time.Parse("2006-01-02 15:04", w.StartsOn+" "+w.StartTime)
		require.NoError(t, err)
		require.Equal(t, end, start.Add(time.Duration(w.DurationMinutes)*time.Minute))
		require.True(t, start.Before(now))
		require.GreaterOrEqual(t, end.Sub(now), atLeast)
		require.LessOrEqual(t, end.Sub(now), atLeast+time.Minute)
	}
}

func TestAHostThatNeverRecoversMustNotBeTouched(t *testing.T) {
	t.Parallel()
	right := jobHost{Status: "failed", Reason: "window_closed"}
	require.NoError(t, judgeHopeless(right, 0))
	require.Error(t, judgeHopeless(right, 1))
	attempted := right
	attempted.Attempted = true
	require.Error(t, judgeHopeless(attempted, 0))
	require.Error(t, judgeHopeless(jobHost{Status: "failed", Reason: "agent_error"}, 0))
	require.Error(t, judgeHopeless(jobHost{Status: "succeeded"}, 0))
}

func TestTheTimelineHasOneLineForHostsThatChangedAlike(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	start := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	line := newTimeline(&out, start)
	rows := []jobHost{{HostID: "1", FQDN: "a.x", Status: "queued"}, {HostID: "2", FQDN: "b.x", Status: "queued"}}
	line.update(start.Add(61*time.Second), rows)
	line.update(start.Add(62*time.Second), rows)
	rows[1] = jobHost{HostID: "2", FQDN: "b.x", Status: "waiting_health_check", Wait: &wait{Detail: "nginx is down"}}
	line.update(start.Add(63500*time.Millisecond), rows)
	line.silence(start.Add(64*time.Second), rows)
	line.silence(start.Add(90*time.Second), rows)
	require.Equal(t, `  01:01.0  a b: queued
  01:03.5  b: waiting_health_check: nginx is down
  01:30.0  b still waits
`, out.String())
}
