package fleet_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/patch-manager/patch-manager/fleet"
)

var admitRequest = fleet.AdmitRequest{
	Gate: policy, Cutoffs: fleet.Cutoffs{Plain: cutoff, WithReboot: 2 * cutoff}, SendWithin: 20 * time.Second,
}

func TestAdmissionNamesTheFirstConditionThatIsNotMet(t *testing.T) {
	t.Parallel()
	sick := func(r *fleet.Run) { r.Evidence = []fleet.Evidence{evidence("nginx", fleet.OutcomeUnhealthy, 0)} }
	tried := func(r *fleet.Run) { r.Refusals = fleet.MaxAttempts }
	full := func(r *fleet.Run) { r.Job.MaxParallel = 1 }
	closed := lasting(fleet.Blackout, -time.Hour, time.Hour)
	for name, c := range map[string]struct {
		change []func(*fleet.Run)
		held   int
		busy   bool
		want   fleet.Refusal
	}{
		"all is well":      {nil, 0, false, ""},
		"the last slot":    {nil, 9, false, ""},
		"no slot":          {nil, 10, false, fleet.RefusedBySlot},
		"host busy":        {[]func(*fleet.Run){full}, 1, true, fleet.RefusedByHost},
		"unhealthy":        {[]func(*fleet.Run){sick, full}, 1, true, fleet.RefusedByGate},
		"tried too often":  {[]func(*fleet.Run){tried, sick, full}, 1, true, fleet.RefusedTries},
		"outside the span": {[]func(*fleet.Run){closed, tried, sick, full}, 1, true, fleet.RefusedByPlan},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := fleet.Admit(planned(append(c.change, immediate)...), admitRequest, c.held, c.busy)
			require.Equal(t, c.want, a.Refusal)
			require.Nil(t, a.Attempt)
			require.Equal(t, noon, a.Now)
		})
	}
}

func TestAdmissionOfAHostThatHasAnAttemptIsThatAttempt(t *testing.T) {
	t.Parallel()
	attempt := &fleet.Attempt{ID: "a"}
	a := fleet.Admit(planned(immediate, func(r *fleet.Run) { r.Attempt, r.Job.CancelRequested = attempt, true }), admitRequest, 99, true)
	require.True(t, a.Existed)
	require.Empty(t, a.Refusal)
	require.Same(t, attempt, a.Attempt)
}

func TestAdmissionTakesEvidenceOfExactlyTheMaximumAgeAndNoneOlder(t *testing.T) {
	t.Parallel()
	aged := func(age time.Duration) fleet.Run {
		return planned(immediate, func(r *fleet.Run) {
			r.Evidence = []fleet.Evidence{evidence("a", fleet.OutcomeHealthy, 0), evidence("b", fleet.OutcomeHealthy, age)}
		})
	}
	require.Empty(t, fleet.Admit(aged(30*time.Second), admitRequest, 0, false).Refusal)
	require.Equal(t, fleet.RefusedByGate, fleet.Admit(aged(30*time.Second+1), admitRequest, 0, false).Refusal)
	require.Equal(t, noon.Add(5*time.Second), fleet.Admit(aged(25*time.Second), admitRequest, 0, false).SendBefore)
	require.Equal(t, noon.Add(20*time.Second), fleet.Admit(aged(5*time.Second), admitRequest, 0, false).SendBefore)
}

func TestAdmissionUsesTheCutoffOfTheJob(t *testing.T) {
	t.Parallel()
	reboots := func(r *fleet.Run) { r.Job.AllowReboot = true }
	window := lasting(fleet.Maintenance, -time.Hour, time.Hour)
	require.Empty(t, fleet.Admit(planned(window, at(45*time.Minute-1)), admitRequest, 0, false).Refusal)
	require.Equal(t, fleet.RefusedByPlan, fleet.Admit(planned(window, at(45*time.Minute)), admitRequest, 0, false).Refusal)
	require.Empty(t, fleet.Admit(planned(window, reboots, at(30*time.Minute-1)), admitRequest, 0, false).Refusal)
	require.Equal(t, fleet.RefusedByPlan, fleet.Admit(planned(window, reboots, at(30*time.Minute)), admitRequest, 0, false).Refusal)
}

func TestAnAdmittedRequestMayOnlyBeSentWhileAllThatAllowedItHolds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		seconds := func(low, high int, what string) time.Duration {
			return time.Duration(rapid.IntRange(low, high).Draw(t, what)) * time.Second
		}
		r := planned(lasting(fleet.Maintenance, -time.Hour, time.Hour))
		r.Now = noon.Add(seconds(-3700, 3700, "now"))
		for range rapid.IntRange(0, 5).Draw(t, "checks") {
			e := evidence("c", fleet.OutcomeHealthy, 0)
			e.Result.CheckedAt = r.Now.Add(-seconds(-10, 40, "age"))
			r.Evidence = append(r.Evidence, e)
		}
		req := admitRequest
		req.SendWithin = seconds(1, 60, "send within")
		a := fleet.Admit(r, req, 0, false)
		if a.Refusal != "" {
			return
		}
		require.False(t, a.SendBefore.After(r.Now.Add(req.SendWithin)))
		require.False(t, a.SendBefore.After(noon.Add(45*time.Minute)))
		for _, e := range r.Evidence {
			require.LessOrEqual(t, a.SendBefore.Sub(e.Result.CheckedAt), policy.MaxResultAge)
		}
	})
}
