package activities_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"github.com/patch-manager/patch-manager/activities"
	"github.com/patch-manager/patch-manager/fleet"
)

// shardInput is a shard whose hosts are all due as soon as it begins: it says that it has so many that each is due at once
// after the one before.
func shardInput() activities.ShardInput {
	return activities.ShardInput{
		Shard: fleet.Shard{Zone: fleet.DefaultZone, Hosts: 100_000_000}, Start: time.Now(), Interval: time.Hour,
	}
}

// pollOnce runs PollShard as an activity, from where a former attempt was.
func pollOnce(t *testing.T, p *activities.Poller, in activities.ShardInput, resume ...any) (activities.SweepReport, error) {
	t.Helper()
	env := (&testsuite.WorkflowTestSuite{}).NewTestActivityEnvironment()
	env.RegisterActivity(p.PollShard)
	if len(resume) > 0 {
		env.SetHeartbeatDetails(resume[0])
	}
	result, err := env.ExecuteActivity(p.PollShard, in)
	var report activities.SweepReport
	if err == nil {
		require.NoError(t, result.Get(&report))
	}
	return report, err
}

func TestAPollStoresEveryResultAndWakesTheRunsItReleases(t *testing.T) {
	t.Parallel()
	f := newFakeFleet()
	f.add("h1", serviceCheck("h1", "a"), httpCheck("h1", "b"))
	f.add("h2", serviceCheck("h2", "c"))
	f.waiting = []fleet.RunRef{{JobID: "j1", HostID: "h1"}, {JobID: "j2", HostID: "h1"}, {JobID: "j1", HostID: "h3"}}

	report, err := pollOnce(t, f.poller(), shardInput())

	require.NoError(t, err)
	require.Equal(t, activities.SweepReport{Hosts: 2, Results: 3}, report)
	ids := checkIDs(f.stored())
	slices.Sort(ids)
	require.Equal(t, []string{"a", "b", "c"}, ids)
	require.ElementsMatch(t, []fleet.RunRef{{JobID: "j1", HostID: "h1"}, {JobID: "j2", HostID: "h1"}}, f.woken)
	require.EqualValues(t, 2, f.closed.Load())
}

func TestAHostWithACheckThatIsNotHealthyReleasesNobody(t *testing.T) {
	t.Parallel()
	f := newFakeFleet()
	f.add("h1", serviceCheck("h1", "a"), serviceCheck("h1", "b"), serviceCheck("h1", "c"))
	f.outcome = func(id string) fleet.Outcome {
		if id == "b" {
			return fleet.OutcomeError
		}
		return fleet.OutcomeHealthy
	}
	f.waiting = []fleet.RunRef{{JobID: "j1", HostID: "h1"}}
	_, err := pollOnce(t, f.poller(), shardInput())
	require.NoError(t, err)
	require.Empty(t, f.woken)
	require.Empty(t, f.asked)
}

func TestARunThatCanNotBeWokenKeepsNeitherTheOthersNorThePoll(t *testing.T) {
	t.Parallel()
	f := newFakeFleet()
	for n := range 40 {
		id := fmt.Sprintf("h%02d", n)
		f.add(id, serviceCheck(id, "c"+id))
		f.waiting = append(f.waiting, fleet.RunRef{JobID: "j", HostID: id})
	}
	f.wakeErr = func(r fleet.RunRef) error {
		if r.HostID == "h07" {
			return errors.New("signal limit exceeded")
		}
		return nil
	}
	report, err := pollOnce(t, f.poller(), shardInput())
	require.NoError(t, err)
	require.Equal(t, 40, report.Results)
	require.Len(t, f.woken, 39)
}

func TestAPollResumesFromItsHeartbeat(t *testing.T) {
	t.Parallel()
	f := newFakeFleet()
	f.add("h1", serviceCheck("h1", "a"))
	f.add("h2", serviceCheck("h2", "b"))
	report, err := pollOnce(t, f.poller(), shardInput(), activities.SweepProgress{After: "h1", Hosts: 1, Results: 1})
	require.NoError(t, err)
	require.Equal(t, activities.SweepReport{Hosts: 2, Results: 2}, report)
	require.Equal(t, []string{"b"}, checkIDs(f.stored()))
}

func TestAHeartbeatThatCanNotBeReadStartsTheShardOver(t *testing.T) {
	t.Parallel()
	f := newFakeFleet()
	f.add("h1", serviceCheck("h1", "a"))
	report, err := pollOnce(t, f.poller(), shardInput(), "from another version")
	require.NoError(t, err)
	require.Equal(t, 1, report.Hosts)
}

func TestAPollWithTheDatabaseAwayIsTriedAgain(t *testing.T) {
	t.Parallel()
	f := newFakeFleet()
	f.add("h1", serviceCheck("h1", "a"))
	f.storeErr = func([]fleet.Result) error { return fleet.Unavailable("database_unavailable", "away") }
	_, err := pollOnce(t, f.poller(), shardInput())
	var failed *temporal.ApplicationError
	require.ErrorAs(t, err, &failed)
	require.False(t, failed.NonRetryable())
	require.Equal(t, "database_unavailable", failed.Type())
}

func testCheck(t *testing.T, f *fakeFleet, in activities.TestCheckInput) (activities.TestCheckResult, error) {
	t.Helper()
	env := (&testsuite.WorkflowTestSuite{}).NewTestActivityEnvironment()
	p := f.poller()
	env.RegisterActivity(p.TestCheck)
	result, err := env.ExecuteActivity(p.TestCheck, in)
	var tested activities.TestCheckResult
	if err == nil {
		require.NoError(t, result.Get(&tested))
	}
	return tested, err
}

func TestATestRunsTheOneCheckAndStoresItUnderItsActorAndWakes(t *testing.T) {
	t.Parallel()
	f := newFakeFleet()
	disabled := serviceCheck("h1", "b")
	disabled.Enabled = false
	f.add("h1", serviceCheck("h1", "a"), disabled)
	f.waiting = []fleet.RunRef{{JobID: "j1", HostID: "h1"}}
	actor := fleet.Actor{UserID: "u1", Name: "ann"}

	tested, err := testCheck(t, f, activities.TestCheckInput{HostID: "h1", CheckID: "b", Actor: actor})

	require.NoError(t, err)
	stored := f.stored()
	require.Equal(t, []string{"b"}, checkIDs(stored))
	require.Equal(t, fleet.OutcomeHealthy, tested.Outcome)
	require.True(t, stored[0].CheckedAt.Equal(tested.CheckedAt))
	require.Equal(t, []fleet.Actor{actor}, f.audited)
	require.Equal(t, f.waiting, f.woken)
}

func TestATestOfACheckThatIsGoneIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	_, err := testCheck(t, newFakeFleet(), activities.TestCheckInput{HostID: "h1", CheckID: "a"})
	var failed *temporal.ApplicationError
	require.ErrorAs(t, err, &failed)
	require.True(t, failed.NonRetryable())
	require.Equal(t, "not_found", failed.Type())
}

func TestAnUnhealthyTestWakesNobody(t *testing.T) {
	t.Parallel()
	f := newFakeFleet()
	f.add("h1", serviceCheck("h1", "a"))
	f.outcome = func(string) fleet.Outcome { return fleet.OutcomeUnhealthy }
	f.waiting = []fleet.RunRef{{JobID: "j1", HostID: "h1"}}
	tested, err := testCheck(t, f, activities.TestCheckInput{HostID: "h1", CheckID: "a"})
	require.NoError(t, err)
	require.Equal(t, fleet.OutcomeUnhealthy, tested.Outcome)
	require.Empty(t, f.woken)
}
