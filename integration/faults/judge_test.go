package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/agent/agenttest"
	"github.com/patch-manager/patch-manager/devstack"
)

var noon = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// fair is what is known after a cell in which one job patched and rebooted one host as it should.
func fair() testimony {
	patched, reason := "patched", "unhealthy_after_patch"
	return testimony{
		executions: []agenttest.Execution{
			{FQDN: "a", Operation: applied, Key: "intent", StartedAt: noon, EndsAt: noon.Add(2 * time.Second)},
			{FQDN: "a", Operation: "reboot", Key: "intent-reboot", StartedAt: noon.Add(2 * time.Second), EndsAt: noon.Add(3 * time.Second)},
		},
		evidence: map[string][]agenttest.Evidence{"a": {
			{At: noon.Add(-maxAge), Of: service, Healthy: true}, {At: noon.Add(-time.Second), Of: agenttest.WebPage, Healthy: true},
		}},
		windows:  map[string]window{"a": {noon, noon.Add(cutoff + time.Nanosecond)}},
		checks:   map[string][]string{"a": {service, agenttest.WebPage}},
		requests: map[string][]agenttest.Request{"a": {{At: noon, Line: "POST /patches/apply", Key: "intent"}}},
		intents:  map[string]intent{"intent": {"job", "a"}, "other": {"second", "a"}},
		runs: []run{
			{Job: "job", FQDN: "a", Status: "succeeded", Reason: &patched}, {Job: "second", FQDN: "a", Status: "failed", Reason: &reason},
		},
		jobs:     map[string]jobState{"job": {"succeeded", &noon}, "second": {"failed", &noon}},
		accepted: map[string]int{"job": 1, "second": 1},
		changed:  map[string]int{"job.create": 2},
		audited:  map[string]int{"job.create": 2, "session.create": 1},
	}
}

func TestWhatIsAsItShouldBeIsNoViolation(t *testing.T) {
	t.Parallel()
	require.Empty(t, judge(fair()))
}

func TestAHostWhoseClockIsApartIsGivenNoMoreThanThatIsAndIsTolerated(t *testing.T) {
	t.Parallel()
	for _, skew := range []time.Duration{-maxClockSkew, -time.Second, time.Second, maxClockSkew} {
		m := fair()
		m.executions[0].Skew = skew
		require.Empty(t, judge(m))
	}
	m := fair()
	m.executions[0].Skew = -maxClockSkew - 1
	require.Len(t, judge(m), 1)
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
		"a patch by another host's intent": {func(m *testimony) {
			m.executions = m.executions[:1]
			m.intents["intent"] = intent{"job", "b"}
		}, "(a) a carried out a patch_apply of no intent, at 12:00:00.000"},
		"a request that is sent again": {
			func(m *testimony) { m.requests["a"] = append(m.requests["a"], m.requests["a"][0]) },
			"(a) a was sent request intent 2 times",
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
		"a patch before the window by the host's own clock": {func(m *testimony) {
			m.executions[0].Skew = -time.Second
			m.windows["a"] = window{noon.Add(1), noon.Add(time.Hour)}
		}, "(c) a was patched at 11:59:59.000, its window is from 12:00:00.000 to 13:00:00.000 less 15s"},
		"a patch at the cutoff by the host's own clock": {func(m *testimony) {
			m.executions[0].Skew = 6 * time.Second
			m.windows["a"] = window{noon, noon.Add(cutoff + time.Second)}
		}, "(c) a was patched at 12:00:06.000, its window is from 12:00:00.000 to 12:00:16.000 less 15s"},
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
		"an end without a reason":               {func(m *testimony) { m.runs[1].Reason = nil }, "(e) a of job second is failed without a reason"},
		"a success without a reason":            {func(m *testimony) { m.runs[0].Reason = nil }, "(e) a of job job is succeeded without a reason"},
		"a host that is forgotten":              {func(m *testimony) { m.runs = m.runs[:1] }, "(e) job second was accepted with 1 hosts and has 0"},
		"a job that goes on":                    {func(m *testimony) { m.jobs["job"] = jobState{"running", nil} }, "(e) job job is running"},
		"a failing result that the manager had": {func(m *testimony) { m.refuted = []string{"(d) refuted"} }, "(d) refuted"},
		"a change that is audited twice": {
			func(m *testimony) { m.audited["job.create"] = 3 },
			"(f) job.create was answered for 2 times and audited 3 times",
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

func TestASecretIsFoundWhereverItIsLeft(t *testing.T) {
	t.Parallel()
	for name, left := range map[string]string{"as it is": "x-planted-x", "in a header": "Basic ZmF1bHRzOnBsYW50ZWQ="} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, elsewhere := t.TempDir(), t.TempDir()
			for _, part := range []string{"log", "temporal"} {
				require.NoError(t, os.Mkdir(filepath.Join(dir, part), 0o700))
				require.NoError(t, os.WriteFile(filepath.Join(dir, part, "file"), nil, 0o600))
			}
			require.NoError(t, os.Symlink(elsewhere, filepath.Join(dir, "postgres")))
			s := &scene{dir: dir, secret: "planted"}
			_, err := s.leaks()
			require.ErrorContains(t, err, "is empty")
			require.NoError(t, os.WriteFile(filepath.Join(elsewhere, "data"), []byte(left), 0o600))
			found, err := s.leaks()
			require.NoError(t, err)
			require.Equal(t, []string{"(g) the planted password is in " + filepath.Join(elsewhere, "data")}, found)
		})
	}
}

//nolint:paralleltest // it adds a cell's preparation to those of all
func TestACellThatCanNotBeRunHereIsNotTakenForPassed(t *testing.T) {
	const number = -1
	preparations[number] = func(context.Context, *scene, *devstack.StackConfig) error { return notRun("there is no disk") }
	defer delete(preparations, number)
	h := &harness{dir: t.TempDir()}
	o := h.play(t.Context(), cell{number: number, name: "a cell"}, 0)
	require.Equal(t, "there is no disk", o.NotRun)
	require.Equal(t, "not run: there is no disk", o.summary())
	require.Contains(t, table([]outcome{o}), "not run: there is no disk")
}
