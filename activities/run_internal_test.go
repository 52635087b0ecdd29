package activities

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/testsuite"

	"github.com/patch-manager/patch-manager/fleet"
)

func TestAPackageCacheIsBelievedToExactlyItsLimit(t *testing.T) {
	t.Parallel()
	now := time.Now()
	updated := func(age time.Duration) fleet.AgentHealth {
		at := now.Add(-age)
		return fleet.AgentHealth{CacheStatus: "stale", LastCacheUpdate: &at}
	}
	_, old := cacheTooOld(updated(24*time.Hour), now, 24*time.Hour)
	require.False(t, old)
	_, old = cacheTooOld(updated(24*time.Hour+1), now, 24*time.Hour)
	require.True(t, old)
	_, old = cacheTooOld(fleet.AgentHealth{CacheStatus: "fresh"}, now, 24*time.Hour)
	require.False(t, old)
	for _, status := range []string{"", "stale", "unknown", "failed"} {
		_, old = cacheTooOld(fleet.AgentHealth{CacheStatus: status}, now, 24*time.Hour)
		require.True(t, old, status)
	}
}

func TestAnUnknownApplyIsTakenForTheJobsOwnOnlyWhereItMayBe(t *testing.T) {
	t.Parallel()
	since := time.Now()
	base := fleet.AgentJob{ID: "a", Operation: fleet.AgentApply, Status: fleet.AgentJobCompleted, CreatedAt: &since, Packages: []string{"nginx"}}
	take := func(change func(*fleet.AgentJob), known, wanted []string) bool {
		j := base
		change(&j)
		return unknownApply([]fleet.AgentJob{j}, known, since, wanted) != nil
	}
	same := func(*fleet.AgentJob) {}
	require.True(t, take(same, nil, nil))
	require.True(t, take(same, []string{"b"}, []string{"nginx", "curl"}))
	require.True(t, take(func(j *fleet.AgentJob) { j.Status = fleet.AgentJobFailed }, nil, nil))
	require.False(t, take(same, []string{"a"}, nil), "an attempt of ours accounts for it")
	require.False(t, take(same, nil, []string{"curl"}))
	require.False(t, take(func(j *fleet.AgentJob) { j.Operation = fleet.AgentReboot }, nil, nil))
	require.False(t, take(func(j *fleet.AgentJob) { j.Status = fleet.AgentJobRunning }, nil, nil))
	require.False(t, take(func(j *fleet.AgentJob) { j.CreatedAt = nil }, nil, nil))
	require.False(t, take(func(j *fleet.AgentJob) { before := since.Add(-1); j.CreatedAt = &before }, nil, nil))
}

func TestOutputIsBoundedInLines(t *testing.T) {
	t.Parallel()
	logs := make([]string, maxOutputLines+1)
	require.Len(t, outputLines(fleet.AgentJob{Logs: logs[:maxOutputLines]}), maxOutputLines)
	kept := outputLines(fleet.AgentJob{Logs: logs, Status: fleet.AgentJobCompleted, Stdout: "more"})
	require.Len(t, kept, maxOutputLines+1)
	require.Equal(t, "... the rest of the output was left out", kept[maxOutputLines])
	require.Equal(t, kept, outputLines(fleet.AgentJob{Logs: logs}), "the last line stays what it was")
	require.Empty(t, logs[maxOutputLines], "the answer is left alone")
}

func TestALineOfOutputIsBoundedOnARuneBoundary(t *testing.T) {
	t.Parallel()
	require.Equal(t, strings.Repeat("a", maxOutputLine), printable(strings.Repeat("a", maxOutputLine)))
	require.Equal(t, strings.Repeat("a", maxOutputLine)+"...", printable(strings.Repeat("a", maxOutputLine+1)))
	for _, r := range []string{"ä", "€", "😀"} {
		for shift := range 4 {
			line := printable(strings.Repeat("x", shift) + strings.Repeat(r, maxOutputLine))
			require.True(t, utf8.ValidString(line))
			require.NotContains(t, line, "\uFFFD")
			require.LessOrEqual(t, len(line), maxOutputLine+3)
			require.Greater(t, len(line), maxOutputLine-utf8.UTFMax)
		}
	}
}

func TestALineOfOutputIsMadeFitForTheDatabase(t *testing.T) {
	t.Parallel()
	require.Equal(t, "a\uFFFDb\uFFFD", printable("a\x00b\xff"))
	require.True(t, utf8.ValidString(printable(strings.Repeat("\x80", 2*maxOutputLine))))
}

func TestTheOutputOfACommandIsKeptOnceItEnded(t *testing.T) {
	t.Parallel()
	job := fleet.AgentJob{Logs: []string{"log"}, Stdout: "one\ntwo\n", Stderr: "three\n"}
	require.Equal(t, []string{"log"}, outputLines(job))
	job.Status = fleet.AgentJobFailed
	require.Equal(t, []string{"log", "one", "two", "three"}, outputLines(job))
}

// noRuns is a store without runs.
type noRuns struct{ RunStore }

var errNoRun = errors.New("no run")

func (noRuns) Run(context.Context, string, string) (fleet.Run, error) { return fleet.Run{}, errNoRun }

func TestADispatchTellsThatItIsAliveWhileItWaitsForItsTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		runs := NewRuns(noRuns{}, nil, nil, nil, nil, RunPolicy{})
		for range maxApproaching {
			runs.approaching <- struct{}{}
		}
		time.AfterFunc(5*heartbeatEvery, func() { <-runs.approaching })
		var suite testsuite.WorkflowTestSuite
		env := suite.NewTestActivityEnvironment()
		env.RegisterActivity(runs)
		var beats atomic.Int32
		env.SetOnActivityHeartbeatListener(func(*activity.Info, converter.EncodedValues) { beats.Add(1) })
		_, err := env.ExecuteActivity(runs.DispatchPatch, HostRef{})
		require.ErrorContains(t, err, errNoRun.Error())
		require.GreaterOrEqual(t, beats.Load(), int32(2))
	})
}
