package workflows_test

import (
	"encoding/base64"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/worker"

	"github.com/patch-manager/patch-manager/settings"
	"github.com/patch-manager/patch-manager/workflows"
)

// A run may live for weeks, so the code of today must come to the same commands as the code that recorded it.
func TestReplayOfRecordedHistoriesComesToTheSameCommands(t *testing.T) {
	t.Parallel()
	for version := range releases(t) {
		for kind, file := range files(t, version) {
			t.Run(version+"/"+kind, func(t *testing.T) {
				t.Parallel()
				eachHistory(t, file, func(name string, text []byte) {
					if err := replayer().ReplayWorkflowHistory(nil, parseHistory(t, text)); err != nil {
						t.Errorf("%s/%s: %v", kind, name, err)
					}
				})
			})
		}
	}
}

// A worker may be started with other settings than the one that began a run, in another time zone, on another machine.
func TestReplayDoesNotDependOnConfiguration(t *testing.T) {
	t.Parallel()
	again := exec.Command(os.Args[0], "-test.run", "^TestReplayOfRecordedHistoriesComesToTheSameCommands$", "-test.v")
	again.Env = append(os.Environ(), "TZ=Pacific/Apia", "GOMAXPROCS=1", "GOGC=20")
	for _, s := range settings.Docs() {
		name := settings.EnvPrefix + strings.ToUpper(strings.ReplaceAll(s.Key, ".", "__"))
		again.Env = append(again.Env, name+"="+otherValue(s))
	}
	out, err := again.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "--- PASS: TestReplayOfRecordedHistoriesComesToTheSameCommands/")
}

// otherValue is a value of a setting that is not its default.
func otherValue(s settings.Doc) string {
	switch {
	case strings.HasPrefix(s.Rule, "a duration"):
		return "37h"
	case strings.HasPrefix(s.Rule, "a whole number"):
		return "7"
	}
	return "other"
}

// A replay that notices nothing proves nothing.
func TestReplayNoticesACommandThatIsNotTheRecordedOne(t *testing.T) {
	t.Parallel()
	for kind, file := range files(t, first) {
		eachHistory(t, file, func(name string, text []byte) {
			h := parseHistory(t, text)
			for _, e := range h.GetEvents() {
				if e.GetEventType() == enums.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED {
					e.GetActivityTaskScheduledEventAttributes().ActivityType.Name = "AnotherActivity"
				}
			}
			require.Error(t, replayer().ReplayWorkflowHistory(nil, h), "%s/%s", kind, name)
		})
	}
}

// payload is the data of a payload in the JSON of a history.
var payload = regexp.MustCompile(`"data": ?"([A-Za-z0-9+/=]+)"`)

func TestRecordedHistoriesDoNotNameTheMachineThatRecordedThem(t *testing.T) {
	t.Parallel()
	for version := range releases(t) {
		for kind, file := range files(t, version) {
			eachHistory(t, file, func(name string, text []byte) {
				for _, data := range payload.FindAllSubmatch(text, -1) {
					decoded, err := base64.StdEncoding.DecodeString(string(data[1]))
					require.NoError(t, err)
					text = append(text, decoded...)
				}
				for _, trace := range []string{"/root/", "/home/", "/tmp/", "127.0.0.1", "@"} {
					require.NotContains(t, string(text), trace, "%s/%s", kind, name)
				}
			})
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
