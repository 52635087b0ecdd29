package activities_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"

	"github.com/patch-manager/patch-manager/activities"
)

// pruneStore has so many lines and jobs to prune.
type pruneStore struct {
	activities.PruneStore
	lines, jobs int
	calls       int
	asked       time.Duration
}

func (s *pruneStore) PruneOutput(_ context.Context, retention time.Duration, limit int) (int, error) {
	s.calls++
	s.asked = retention
	n := min(s.lines, limit)
	s.lines -= n
	return n, nil
}

func (s *pruneStore) PruneExpired(_ context.Context, limit int) (int, error) {
	return s.PruneOutput(context.Background(), 0, limit)
}

func (s *pruneStore) OutdatedJobs(_ context.Context, retention time.Duration, limit int) ([]string, error) {
	s.asked = retention
	return make([]string, min(s.jobs, limit)), nil
}

func (s *pruneStore) PruneJob(_ context.Context, _ string, _ int, progress func()) error {
	progress()
	s.jobs--
	return nil
}

func TestPruningGoesOnInSmallBatchesUntilNothingIsLeft(t *testing.T) {
	t.Parallel()
	for lines, calls := range map[int]int{0: 1, 4999: 1, 5000: 2, 12000: 3} {
		s := &pruneStore{lines: lines}
		env := (&testsuite.WorkflowTestSuite{}).NewTestActivityEnvironment()
		p := activities.NewPruner(s)
		env.RegisterActivity(p.PruneOutput)
		result, err := env.ExecuteActivity(p.PruneOutput, time.Hour)
		require.NoError(t, err)
		var n int
		require.NoError(t, result.Get(&n))
		require.Equal(t, lines, n)
		require.Equal(t, calls, s.calls)
		require.Equal(t, time.Hour, s.asked)
	}
}

func TestAllThatExpiredIsPruned(t *testing.T) {
	t.Parallel()
	s := &pruneStore{lines: 12000}
	env := (&testsuite.WorkflowTestSuite{}).NewTestActivityEnvironment()
	p := activities.NewPruner(s)
	env.RegisterActivity(p.PruneExpired)
	_, err := env.ExecuteActivity(p.PruneExpired)
	require.NoError(t, err)
	require.Zero(t, s.lines)
}

func TestEveryOutdatedJobIsPruned(t *testing.T) {
	t.Parallel()
	s := &pruneStore{jobs: 45}
	env := (&testsuite.WorkflowTestSuite{}).NewTestActivityEnvironment()
	p := activities.NewPruner(s)
	env.RegisterActivity(p.PruneJobs)
	result, err := env.ExecuteActivity(p.PruneJobs, time.Hour)
	require.NoError(t, err)
	var n int
	require.NoError(t, result.Get(&n))
	require.Equal(t, 45, n)
	require.Zero(t, s.jobs)
}
