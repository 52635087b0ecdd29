package fleet_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/patch-manager/patch-manager/fleet"
)

func TestJobStatusFirstMatchWins(t *testing.T) {
	t.Parallel()
	type counts = map[fleet.Status]int
	for name, c := range map[string]struct {
		counts counts
		want   fleet.Status
	}{
		"all queued":                        {counts{fleet.StatusQueued: 3}, "queued"},
		"unfinished all wait for a window":  {counts{fleet.StatusWaitingWindow: 2, fleet.StatusFailed: 1}, "waiting_window"},
		"unfinished all at the gate":        {counts{fleet.StatusWaitingHealthCheck: 2, fleet.StatusSucceeded: 1}, "waiting_health_check"},
		"waits differ":                      {counts{fleet.StatusWaitingWindow: 1, fleet.StatusWaitingHealthCheck: 1}, "running"},
		"a slot wait counts as running":     {counts{fleet.StatusWaitingSlot: 1}, "running"},
		"queued beside finished is running": {counts{fleet.StatusQueued: 1, fleet.StatusSucceeded: 1}, "running"},
		"all succeeded or skipped":          {counts{fleet.StatusSucceeded: 1, fleet.StatusSkipped: 1}, "succeeded"},
		"some succeeded":                    {counts{fleet.StatusSucceeded: 1, fleet.StatusCancelled: 1}, "partially_succeeded"},
		"some succeeded, some failed":       {counts{fleet.StatusSucceeded: 1, fleet.StatusFailed: 1}, "partially_succeeded"},
		"indeterminate counts as failed":    {counts{fleet.StatusIndeterminate: 1, fleet.StatusCancelled: 1}, "failed"},
		"failed beside skipped":             {counts{fleet.StatusFailed: 3, fleet.StatusSkipped: 5}, "failed"},
		"only cancelled":                    {counts{fleet.StatusCancelled: 2}, "cancelled"},
		"cancelled beside skipped":          {counts{fleet.StatusCancelled: 2, fleet.StatusSkipped: 1}, "cancelled"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, fleet.JobStatus(c.counts))
		})
	}
}

func TestJobStatusIsUnfinishedExactlyWhileAHostIs(t *testing.T) {
	t.Parallel()
	all := []fleet.Status{
		"queued", "waiting_window", "waiting_health_check", "waiting_slot", "running",
		"succeeded", "failed", "cancelled", "skipped", "indeterminate",
	}
	rapid.Check(t, func(rt *rapid.T) {
		counts, unfinished := map[fleet.Status]int{}, false
		for _, s := range rapid.SliceOfN(rapid.SampledFrom(all), 1, 20).Draw(rt, "hosts") {
			counts[s]++
			unfinished = unfinished || !s.Terminal()
		}
		got := fleet.JobStatus(counts)
		require.Equal(rt, unfinished, !got.Terminal() && got != fleet.StatusPartiallySucceeded)
	})
}

func TestLimitRoundsParallelDownAndFailuresUpAndIsAtLeastOne(t *testing.T) {
	t.Parallel()
	l, err := fleet.ParseLimit("max_parallel", "10%")
	require.NoError(t, err)
	require.Equal(t, []int{1, 1, 2}, []int{l.Floor(5), l.Floor(19), l.Floor(20)})
	require.Equal(t, []int{1, 2, 2, 3}, []int{l.Ceil(10), l.Ceil(11), l.Ceil(20), l.Ceil(21)})
	require.Equal(t, "10%", l.String())
	n, err := fleet.ParseLimit("max_parallel", "7")
	require.NoError(t, err)
	require.Equal(t, 7, n.Floor(3))
}

func TestLimitRefusesWhatIsNeitherNumberNorPercent(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"1", "1000000", "1%", "100%"} {
		_, err := fleet.ParseLimit("max_parallel", s)
		require.NoError(t, err, s)
	}
	for _, s := range []string{"", "0", "-1", "+1", "1000001", "0%", "101%", "ten", "1.5", "%", " 1", "1 %"} {
		_, err := fleet.ParseLimit("max_parallel", s)
		require.ErrorContains(t, err, "max_parallel: must be a number", s)
	}
}
