package fleet_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/patch-manager/patch-manager/fleet"
)

var (
	noon   = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	policy = fleet.GatePolicy{MaxResultAge: 30 * time.Second, MaxClockSkew: 5 * time.Second}
)

func evidence(name string, outcome fleet.Outcome, age time.Duration) fleet.Evidence {
	return fleet.Evidence{
		Check:  fleet.Check{ID: name, Name: name, Enabled: true},
		Result: &fleet.Result{CheckID: name, Outcome: outcome, Detail: "said " + string(outcome), CheckedAt: noon.Add(-age)},
	}
}

func TestGateIsOpenWithoutEnabledChecksAndNamesDisabledOnes(t *testing.T) {
	t.Parallel()
	v := fleet.Gate(policy, nil, noon)
	require.True(t, v.Open())
	require.Equal(t, fleet.VerdictOpenNoChecks, v.Code)

	off := evidence("nginx", fleet.OutcomeUnhealthy, 0)
	off.Check.Enabled = false
	v = fleet.Gate(policy, []fleet.Evidence{off}, noon)
	require.Equal(t, fleet.VerdictOpenNoChecks, v.Code)
	require.Equal(t, "no enabled checks; disabled: nginx", v.Detail)
	require.Empty(t, v.Failing())
}

func TestGateCountsAResultOfExactlyTheMaximumAgeAndNoneOlder(t *testing.T) {
	t.Parallel()
	require.True(t, fleet.Gate(policy, []fleet.Evidence{evidence("a", "healthy", 30*time.Second)}, noon).Open())
	v := fleet.Gate(policy, []fleet.Evidence{evidence("a", "healthy", 30*time.Second+1)}, noon)
	require.False(t, v.Open())
	require.Contains(t, v.Detail, "at most 30s counts")
}

func TestGateRefusesEvidenceFromTheFutureBeyondTheSkew(t *testing.T) {
	t.Parallel()
	require.True(t, fleet.Gate(policy, []fleet.Evidence{evidence("a", "healthy", -5*time.Second)}, noon).Open())
	require.False(t, fleet.Gate(policy, []fleet.Evidence{evidence("a", "healthy", -5*time.Second-1)}, noon).Open())
}

func TestGateRefusesEvidenceFromBeforeTheCheckWasEdited(t *testing.T) {
	t.Parallel()
	e := evidence("a", "healthy", 10*time.Second)
	e.Check.UpdatedAt = e.Result.CheckedAt
	require.True(t, fleet.Gate(policy, []fleet.Evidence{e}, noon).Open())
	require.Empty(t, fleet.Stale(policy, []fleet.Evidence{e}, noon, 0))
	e.Check.UpdatedAt = e.Result.CheckedAt.Add(1)
	require.False(t, fleet.Gate(policy, []fleet.Evidence{e}, noon).Open())
	require.Len(t, fleet.Stale(policy, []fleet.Evidence{e}, noon, 0), 1)
}

func TestGateStaysShutOnAnErrorAndOnAMissingResult(t *testing.T) {
	t.Parallel()
	v := fleet.Gate(policy, []fleet.Evidence{evidence("a", "healthy", 0), evidence("b", "error", 0)}, noon)
	require.Equal(t, fleet.VerdictShut, v.Code)
	require.Equal(t, "b: said error", v.Detail)
	none := fleet.Evidence{Check: fleet.Check{ID: "c", Name: "c", Enabled: true}}
	v = fleet.Gate(policy, []fleet.Evidence{none}, noon)
	require.Equal(t, []fleet.FailingCheck{{CheckID: "c", Name: "c", Detail: "no result yet"}}, v.Failing())
}

func TestGateOpensExactlyWhenEveryEnabledCheckIsFreshAndHealthy(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		want := true
		var all []fleet.Evidence
		for range rapid.IntRange(0, 5).Draw(rt, "n") {
			e := evidence("x", rapid.SampledFrom([]fleet.Outcome{"healthy", "unhealthy", "error"}).Draw(rt, "outcome"),
				time.Duration(rapid.IntRange(-8, 60).Draw(rt, "age"))*time.Second)
			e.Check.Enabled = rapid.Bool().Draw(rt, "enabled")
			if rapid.Bool().Draw(rt, "missing") {
				e.Result = nil
			}
			fresh := e.Result != nil && e.Result.Healthy() &&
				!e.Result.CheckedAt.After(noon.Add(5*time.Second)) && !e.Result.CheckedAt.Before(noon.Add(-30*time.Second))
			want = want && (!e.Check.Enabled || fresh)
			all = append(all, e)
		}
		v := fleet.Gate(policy, all, noon)
		require.Equal(rt, want, v.Open())
		require.Equal(rt, want, len(v.Failing()) == 0)
		require.Equal(rt, want, len(fleet.Stale(policy, all, noon, 0)) == 0)
		require.Len(rt, v.Checks, len(all))
	})
}

func TestStaleAsksAgainBeforeTheEvidenceRunsOut(t *testing.T) {
	t.Parallel()
	all := []fleet.Evidence{evidence("a", "healthy", 20*time.Second), evidence("b", "healthy", 21*time.Second)}
	require.Equal(t, []fleet.Check{all[1].Check}, fleet.Stale(policy, all, noon, 10*time.Second))
}

func TestACheckThatNamesItselfIsNotNamedTwice(t *testing.T) {
	t.Parallel()
	shut := evidence("nginx.service", fleet.OutcomeUnhealthy, 0)
	shut.Result.Detail = "nginx.service is not healthy"
	other := shut
	other.Check.Name = "nginx"
	v := fleet.Gate(policy, []fleet.Evidence{shut, other}, noon)
	require.Equal(t, "nginx.service is not healthy; nginx: nginx.service is not healthy", v.Detail)
}
