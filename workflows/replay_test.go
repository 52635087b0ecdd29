package workflows_test

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"

	"github.com/patch-manager/patch-manager/workflows"
)

const histories = "testdata/histories"

// expectedHistories are the names in expected.txt, which stands beside the histories so that none is lost unseen.
func expectedHistories(t *testing.T) []string {
	t.Helper()
	list, err := os.ReadFile(filepath.Join(histories, "expected.txt"))
	require.NoError(t, err)
	return strings.Fields(string(list))
}

// readHistory reads a recorded history.
func readHistory(t *testing.T, name string) *history.History {
	t.Helper()
	f, err := os.Open(filepath.Join(histories, filepath.FromSlash(name)))
	require.NoError(t, err)
	defer f.Close()
	h, err := client.HistoryFromJSON(f, client.HistoryJSONOptions{})
	require.NoError(t, err)
	return h
}

// A run may live for weeks, so the code of today must come to the same commands as the code that recorded it.
func TestReplayOfRecordedHistoriesComesToTheSameCommands(t *testing.T) {
	t.Parallel()
	for _, name := range expectedHistories(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.NoError(t, replayer().ReplayWorkflowHistory(nil, readHistory(t, name)))
		})
	}
}

func TestEveryRecordedHistoryIsExpectedAndEachKindOfRunHasOne(t *testing.T) {
	t.Parallel()
	expected := expectedHistories(t)
	found, err := filepath.Glob(filepath.Join(histories, "*", "*.json"))
	require.NoError(t, err)
	for i := range found {
		found[i] = strings.TrimPrefix(filepath.ToSlash(found[i]), histories+"/")
	}
	require.ElementsMatch(t, expected, found)
	kinds := map[string]bool{}
	for _, name := range expected {
		kinds[readHistory(t, name).GetEvents()[0].GetWorkflowExecutionStartedEventAttributes().GetWorkflowType().GetName()] = true
	}
	for _, kind := range []string{
		workflows.TypePatchJob, workflows.TypePatchBatch, workflows.TypePatchHost, workflows.TypeWakeRuns, workflows.TypeReconcileJobs,
		"PollHealth", "PollInventory", "Prune", "TestCheck",
	} {
		require.True(t, kinds[kind], kind)
	}
}

// A replay that notices nothing proves nothing.
func TestReplayNoticesACommandThatIsNotTheRecordedOne(t *testing.T) {
	t.Parallel()
	for _, name := range expectedHistories(t) {
		h := readHistory(t, name)
		for _, e := range h.GetEvents() {
			if e.GetEventType() == enums.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED {
				e.GetActivityTaskScheduledEventAttributes().ActivityType.Name = "AnotherActivity"
			}
		}
		require.Error(t, replayer().ReplayWorkflowHistory(nil, h), name)
	}
}

// payload is the data of a payload in the JSON of a history.
var payload = regexp.MustCompile(`"data": ?"([A-Za-z0-9+/=]+)"`)

func TestRecordedHistoriesDoNotNameTheMachineThatRecordedThem(t *testing.T) {
	t.Parallel()
	for _, name := range expectedHistories(t) {
		text, err := os.ReadFile(filepath.Join(histories, filepath.FromSlash(name)))
		require.NoError(t, err)
		for _, data := range payload.FindAllSubmatch(text, -1) {
			decoded, err := base64.StdEncoding.DecodeString(string(data[1]))
			require.NoError(t, err)
			text = append(text, decoded...)
		}
		for _, trace := range []string{"/root/", "/home/", "/tmp/", "127.0.0.1", "@"} {
			require.NotContains(t, string(text), trace, name)
		}
	}
}

func replayer() worker.WorkflowReplayer {
	r := worker.NewWorkflowReplayer()
	for _, w := range []any{
		workflows.PatchJob, workflows.PatchBatch, workflows.PatchHost, workflows.WakeRuns, workflows.ReconcileJobs,
		workflows.PollHealth, workflows.PollInventory, workflows.Prune, workflows.TestCheck, workflows.AuditCheckpoint,
	} {
		r.RegisterWorkflow(w)
	}
	return r
}
