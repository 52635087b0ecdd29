package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/agent/agenttest"
)

var noon = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// fair is what is known after a cell in which one job patched and rebooted one host as it should.
func fair() testimony {
	reason := "unhealthy_after_patch"
	return testimony{
		executions: []agenttest.Execution{
			{FQDN: "a", Operation: applied, Key: "intent", StartedAt: noon, EndsAt: noon.Add(2 * time.Second)},
			{FQDN: "a", Operation: "reboot", Key: "intent-reboot", StartedAt: noon.Add(2 * time.Second), EndsAt: noon.Add(3 * time.Second)},
		},
		evidence: map[string][]agenttest.Evidence{"a": {
			{At: noon.Add(-maxAge), Of: service, Healthy: true}, {At: noon.Add(-time.Second), Of: agenttest.WebPage, Healthy: true},
		}},
		windows: map[string]window{"a": {noon, noon.Add(cutoff + time.Nanosecond)}},
		checks:  []string{service, agenttest.WebPage},
		jobsOf:  map[string]string{"intent": "job", "other": "second"},
		runs: []run{
			{Job: "job", FQDN: "a", Status: "succeeded"}, {Job: "second", FQDN: "a", Status: "failed", Reason: &reason},
		},
		accepted: []string{"job", "second"},
		audited:  map[string]int{"job": 1, "second": 1},
	}
}

func TestWhatIsAsItShouldBeIsNoViolation(t *testing.T) {
	t.Parallel()
	require.Empty(t, judge(fair()))
}

func TestEachInvariantIsSeenToBeViolated(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*testimony)
		want   string
	}{
		"a second patch of the job": {func(m *testimony) {
			m.stayOpen()
			m.executions = append(m.executions, later(m.executions[0], 20*time.Second))
		}, "(a) a carried out 2 times patch_apply of job job"},
		"a second reboot of the job": {func(m *testimony) {
			m.executions = append(m.executions, later(m.executions[1], 20*time.Second))
		}, "(a) a carried out 2 times reboot of job job"},
		"a patch of no intent": {
			func(m *testimony) { m.executions[0].Key = "lost" },
			"(a) a carried out a patch_apply of no intent, at 12:00:00.000",
		},
		"a patch of another job before the first one ended": {func(m *testimony) {
			m.stayOpen()
			second := later(m.executions[0], 2*time.Second-1)
			second.Key = "other"
			m.executions = []agenttest.Execution{second, m.executions[0]}
		}, "(b) a began a patch_apply at 12:00:01.999 while a patch_apply ran until 12:00:02.000"},
		"a patch before the window": {
			func(m *testimony) { m.windows["a"] = window{noon.Add(1), noon.Add(time.Hour)} },
			"(c) a was patched at 12:00:00.000, its window is from 12:00:00.000 to 13:00:00.000 less 15s",
		},
		"a patch at the cutoff": {
			func(m *testimony) { m.windows["a"] = window{noon.Add(-time.Hour), noon.Add(cutoff)} },
			"(c) a was patched at 12:00:00.000, its window is from 11:00:00.000 to 12:00:15.000 less 15s",
		},
		"evidence that is too old": {
			func(m *testimony) { m.evidence["a"][0].At = noon.Add(-maxAge - 1) },
			"(d) a was patched at 12:00:00.000, and nginx.service was not healthy in the 30s before",
		},
		"evidence that came later": {
			func(m *testimony) { m.evidence["a"][1].At = noon.Add(1) },
			"(d) a was patched at 12:00:00.000, and the page was not healthy in the 30s before",
		},
		"evidence that is not healthy": {
			func(m *testimony) { m.evidence["a"][1].Healthy = false },
			"(d) a was patched at 12:00:00.000, and the page was not healthy in the 30s before",
		},
		"a host that never ends": {
			func(m *testimony) { m.runs[0].Status, m.runs[0].Detail = "running", "asking the agent" },
			"(e) a of job job is running: asking the agent",
		},
		"an end without a reason":     {func(m *testimony) { m.runs[1].Reason = nil }, "(e) a of job second is failed without a reason"},
		"a job that is forgotten":     {func(m *testimony) { m.runs = m.runs[:1] }, "(e) job second was accepted and has no hosts"},
		"a job that is audited twice": {func(m *testimony) { m.audited["job"] = 2 }, "(f) job job has 2 audit entries of its making"},
		"a job that nobody was answered for": {
			func(m *testimony) { m.audited["third"] = 1 },
			"(f) 3 jobs were made by the audit, 2 were accepted",
		},
		"a chain that was changed": {func(m *testimony) { m.chain = "entry 7 was edited" }, "(f) the audit does not verify: entry 7 was edited"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := fair()
			tt.change(&m)
			require.Equal(t, []string{tt.want}, judge(m))
		})
	}
}

// stayOpen has nothing but order and number be in the way of further patches.
func (t *testimony) stayOpen() {
	t.windows["a"] = window{noon, noon.Add(time.Hour)}
	t.evidence["a"] = append(t.evidence["a"], agenttest.Evidence{At: noon, Of: service, Healthy: true})
}

func later(e agenttest.Execution, by time.Duration) agenttest.Execution {
	e.StartedAt, e.EndsAt = e.StartedAt.Add(by), e.EndsAt.Add(by)
	return e
}
