package workflows_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// mutation is a change of workflow code that would break the runs under way.
type mutation struct {
	name, file string
	changes    []string // pairs of what stands in the file, once, and what is put in its place
	kind       string   // the runs that it breaks
}

func mutations() []mutation {
	return []mutation{
		{"reordered activities", "wake_runs.go", []string{
			`ctx, ""), jobs.StartUnfinishedJobs).Get(ctx, nil); err`, `ctx, ""), jobs.DeliverWakeups).Get(ctx, nil); err`,
			`return workflow.ExecuteActivity(quick(ctx, ""), jobs.DeliverWakeups)`, `return workflow.ExecuteActivity(quick(ctx, ""), jobs.StartUnfinishedJobs)`,
		}, "ReconcileJobs"},
		{"added activity", "patch_job.go", []string{
			`	err = workflow.ExecuteActivity(quick(ctx, ""), jobs.CompleteJob`,
			`	_ = workflow.ExecuteActivity(quick(ctx, ""), jobs.DeliverWakeups).Get(ctx, nil)
	err = workflow.ExecuteActivity(quick(ctx, ""), jobs.CompleteJob`,
		}, "PatchJob"},
		{"removed timer", "patch_batch.go", []string{`_ = workflow.Sleep(work, restartAfter)`, ``}, "PatchBatch"},
		{"renamed activity", "patch_host.go", []string{`runs.FollowPatch, ref`, `"FollowHost", ref`}, "PatchHost"},
		{"removed version gate", "prune.go", []string{
			`workflow.GetVersion(ctx, changePruneExpired, workflow.DefaultVersion, 1) == workflow.DefaultVersion`, `false`,
		}, "Prune"},
	}
}

// A replay of these histories must notice what people get wrong: each of these changes is made to a copy of the code.
func TestReplayNoticesChangesOfTheCode(t *testing.T) {
	t.Parallel()
	for _, m := range mutations() {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			replay := filepath.Join(t.TempDir(), "replay.test")
			build := exec.Command("go", "test", "-c", "-vet=off", "-ldflags=-s -w", "-overlay", m.overlay(t), "-o", replay, ".")
			out, err := build.CombinedOutput()
			require.NoError(t, err, "%s", out)
			out, err = exec.Command(replay, "-test.run", "^TestReplayOfRecordedHistoriesComesToTheSameCommands$/.*/^"+m.kind+"$").CombinedOutput()
			var failed *exec.ExitError
			require.ErrorAs(t, err, &failed, "no history notices it")
			for line := range strings.Lines(string(out)) {
				if strings.Contains(line, " "+m.kind+"/") && strings.Contains(line, nondeterminism) {
					return
				}
			}
			require.Failf(t, "no run breaks by its commands", "%s", out)
		})
	}
}

// nondeterminism is the code of Temporal's errors of commands that are not the recorded ones.
const nondeterminism = "TMPRL1100"

// overlay changes a copy of the file and tells the compiler to take that instead.
func (m mutation) overlay(t *testing.T) string {
	t.Helper()
	source, err := filepath.Abs(m.file)
	require.NoError(t, err)
	text, err := os.ReadFile(source)
	require.NoError(t, err)
	changed := string(text)
	for i := 0; i < len(m.changes); i += 2 {
		require.Equal(t, 1, strings.Count(changed, m.changes[i]), "%s does not have %q once any more", m.file, m.changes[i])
		changed = strings.Replace(changed, m.changes[i], m.changes[i+1], 1)
	}
	dir := t.TempDir()
	mutated := filepath.Join(dir, m.file)
	require.NoError(t, os.WriteFile(mutated, []byte(changed), 0o600))
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {source: mutated}})
	require.NoError(t, err)
	file := filepath.Join(dir, "overlay.json")
	require.NoError(t, os.WriteFile(file, overlay, 0o600))
	return file
}
