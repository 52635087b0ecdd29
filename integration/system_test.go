//go:build integration

package integration_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/agent/agenttest"
	"github.com/patch-manager/patch-manager/devstack"
)

// wakeWithin is how soon a host is dispatched after its checks were seen healthy, whatever the interval of retries.
const wakeWithin = 2 * time.Second

// The hosts of the test, by what becomes of them.
var systemHosts = []string{
	"healthy", "polled", "tested", "hopeless", "cancelled", "rechecked", "retried", "settled", "keyed", "waits-on", "applies-on",
}

func systemSpecs() []agenttest.HostSpec {
	var specs []agenttest.HostSpec
	for _, name := range systemHosts {
		specs = append(specs, agenttest.HostSpec{
			FQDN: name + ".test", Services: []agenttest.ServiceSpec{{Name: "nginx.service"}},
			Patches:       []agenttest.PatchSpec{{Name: "openssl", From: "3.0.15-1", To: "3.0.17-1"}},
			ApplyDuration: 500 * time.Millisecond,
		})
	}
	return specs
}

// TestTheWholeSystemPatchesEachHostAtMostOnceAndOnlyWhileHealthy runs api and worker as processes, with the interval of
// retries at its default of five minutes: whoever goes on sooner was woken.
func TestTheWholeSystemPatchesEachHostAtMostOnceAndOnlyWhileHealthy(t *testing.T) {
	t.Parallel()
	s := startSite(t, systemSpecs(), map[string]string{
		"health.poll_interval": "3s", "agent.inventory_interval": "1h", "patch.poll_interval": "200ms", "patch.settle_timeout": "1s",
		"windows.cutoff": "1s", "windows.cutoff_with_reboot": "1s", "verify.timeout": "20s", "reboot.timeout": "30s",
	})
	hopeless := s.hopeless(t)
	t.Run("by themselves", func(t *testing.T) {
		for name, run := range map[string]func(*testing.T, *site){
			"a healthy host is patched once": healthy, "a recovery that the poll sees starts the patch at once": recoversByPoll,
			"a recovery that a test sees starts the patch at once": recoversByTest, "a cancelled host is never asked": cancelled,
			"a recheck makes a waiting host look again": rechecked, "a retry is a new job of the failed hosts": retried,
			"an open outcome blocks its host until it is settled": settled, "one key is one job": keyed,
		} {
			t.Run(name, func(t *testing.T) { t.Parallel(); run(t, s) })
		}
	})
	t.Run("a killed worker repeats nothing and forgets nothing", func(t *testing.T) { workerDies(t, s) }) //nolint:paralleltest // it kills what the others need
	t.Run("a host that never recovers fails at its last start", func(t *testing.T) { hopeless(t) })       //nolint:paralleltest // it began before the others
}

// begin registers the host of a test inside an open window and starts a job over it.
func (s *site) begin(t *testing.T, fqdn string, ok bool, more ...any) (job, host string) {
	t.Helper()
	require.True(t, s.Fleet.Host(fqdn).SetServiceHealthy("nginx.service", ok))
	host = s.add(t, fqdn, true)
	s.open(t, host, time.Hour)
	return s.start(t, host, more...).ID, host
}

func healthy(t *testing.T, s *site) {
	job, host := s.begin(t, "healthy.test", true)
	s.patched(t, s.ends(t, job, host, patience), "healthy.test", 1)
}

func recoversByPoll(t *testing.T, s *site) {
	job, host := s.begin(t, "polled.test", false)
	s.shut(t, job, host)
	s.mend(t, "polled.test")
	s.patched(t, s.ends(t, job, host, patience), "polled.test", 1)
	seen := s.seenHealthy(t, host)
	require.WithinDuration(t, seen, s.Fleet.ExecutionsOf("polled.test", "patch_apply")[0].StartedAt, wakeWithin)
}

// seenHealthy is when a result of the check of a host was healthy for the first time.
func (s *site) seenHealthy(t *testing.T, host string) time.Time {
	t.Helper()
	type result struct {
		Healthy   bool      `json:"healthy"`
		CheckedAt time.Time `json:"checked_at"`
	}
	results, err := devstack.All[result](t.Context(), s.API, "/hosts/"+host+"/health-checks/"+s.check(t, host)+"/results")
	require.NoError(t, err)
	var first time.Time
	for _, r := range results { // the newest first
		if r.Healthy {
			first = r.CheckedAt
		}
	}
	return first
}

func (s *site) check(t *testing.T, host string) string {
	t.Helper()
	var list struct{ Items []struct{ ID string } }
	s.do(t, http.MethodGet, "/hosts/"+host+"/health-checks", nil, &list)
	return list.Items[0].ID
}

func recoversByTest(t *testing.T, s *site) {
	job, host := s.begin(t, "tested.test", false)
	s.shut(t, job, host)
	check := s.check(t, host)
	s.mend(t, "tested.test")
	s.do(t, http.MethodPost, "/hosts/"+host+"/health-checks/"+check+"/test", nil, nil)
	seen := time.Now()
	s.patched(t, s.ends(t, job, host, patience), "tested.test", 1)
	require.WithinDuration(t, seen, s.Fleet.ExecutionsOf("tested.test", "patch_apply")[0].StartedAt, wakeWithin)
}

// hopeless starts what ends with a window, and returns what to look at then.
func (s *site) hopeless(t *testing.T) func(*testing.T) {
	t.Helper()
	require.True(t, s.Fleet.Host("hopeless.test").SetServiceHealthy("nginx.service", false))
	host := s.add(t, "hopeless.test", true)
	end := s.open(t, host, 10*time.Second)
	started := s.start(t, host)
	return func(t *testing.T) {
		h := s.ends(t, started.ID, host, time.Until(end)+patience)
		require.Equal(t, "failed", h.Status, h.Detail)
		require.Equal(t, "window_closed", *h.Reason)
		require.Contains(t, h.Detail, "nginx")
		require.False(t, h.Attempted)
		require.Empty(t, s.Fleet.ExecutionsOf("hopeless.test", "patch_apply"))
	}
}

func cancelled(t *testing.T, s *site) {
	job, host := s.begin(t, "cancelled.test", false)
	s.shut(t, job, host)
	s.do(t, http.MethodPost, "/jobs/"+job+"/cancel", nil, nil)
	s.mend(t, "cancelled.test")
	require.Equal(t, "cancelled", s.ends(t, job, host, patience).Status)
	require.Empty(t, s.Fleet.ExecutionsOf("cancelled.test", "patch_apply"))
}

// rechecked waits for an agent that is away: without a check no poll wakes it.
func rechecked(t *testing.T, s *site) {
	simulated := s.Fleet.Host("rechecked.test")
	simulated.SetReachable(false)
	host := s.add(t, "rechecked.test", false)
	s.open(t, host, time.Hour)
	job := s.start(t, host).ID
	s.reaches(t, job, host, patience, func(h jobHost) bool { return h.Wait != nil && h.Wait.Reason == "agent_unreachable" })
	simulated.SetReachable(true)
	// What is stored is a moment ahead of the run, which does not wait yet.
	require.Eventually(t, func() bool {
		return s.API.Do(t.Context(), http.MethodPost, "/jobs/"+job+"/hosts/"+host+"/recheck", nil, nil) == nil
	}, patience, look)
	s.patched(t, s.ends(t, job, host, patience), "rechecked.test", 1)
}

func retried(t *testing.T, s *site) {
	s.Fleet.Host("retried.test").PlanJobs(agenttest.JobPlan{EndsAs: "failed", ErrorCode: "NETWORK_ERROR"})
	first, host := s.begin(t, "retried.test", true)
	h := s.ends(t, first, host, patience)
	require.Equal(t, "failed", h.Status, h.Detail)
	require.Equal(t, "agent_error", *h.Reason)
	s.Fleet.Host("retried.test").PlanJobs(agenttest.JobPlan{})
	var second job
	s.do(t, http.MethodPost, "/jobs/"+first+"/retry", map[string]any{}, &second)
	require.Equal(t, first, *second.RetryOf)
	s.patched(t, s.ends(t, second.ID, host, patience), "retried.test", 2)
}

func settled(t *testing.T, s *site) {
	s.Fleet.Host("settled.test").Inject("POST /patches/apply", 1, agenttest.Reset())
	first, host := s.begin(t, "settled.test", true)
	require.Equal(t, "indeterminate", s.ends(t, first, host, patience).Status)
	second := s.start(t, host).ID
	s.reaches(t, second, host, patience, func(h jobHost) bool { return h.Wait != nil && h.Wait.Reason == "host_busy" })
	require.Empty(t, s.Fleet.ExecutionsOf("settled.test", "patch_apply"))
	s.do(t, http.MethodPost, "/jobs/"+first+"/hosts/"+host+"/settle", map[string]any{"outcome": "failed", "note": "nothing arrived"}, nil)
	require.Equal(t, "failed", s.host(t, first, host).Status)
	s.patched(t, s.ends(t, second, host, patience), "settled.test", 1)
}

func keyed(t *testing.T, s *site) {
	host := s.add(t, "keyed.test", true)
	s.open(t, host, time.Hour)
	ids := s.submitAtOnce(t, 100, host)
	require.Len(t, ids, 1, ids)
	for id := range ids {
		s.patched(t, s.ends(t, id, host, patience), "keyed.test", 1)
	}
}

// workerDies kills the worker while one host waits at the gate and another applies.
func workerDies(t *testing.T, s *site) {
	s.Fleet.Host("applies-on.test").PlanJobs(agenttest.JobPlan{Duration: 3 * time.Second})
	waiting, waits := s.begin(t, "waits-on.test", false)
	s.shut(t, waiting, waits)
	applying, applies := s.begin(t, "applies-on.test", true)
	s.reaches(t, applying, applies, patience, func(h jobHost) bool { return h.Phase != nil && *h.Phase == "applying" })
	require.NoError(t, s.KillWorker())
	s.mend(t, "waits-on.test")
	require.NoError(t, s.StartWorker(t.Context()))
	s.patched(t, s.ends(t, waiting, waits, crashPatience), "waits-on.test", 1)
	s.patched(t, s.ends(t, applying, applies, crashPatience), "applies-on.test", 1)
}
