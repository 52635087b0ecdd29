//go:build integration

package integration_test

import (
	"context"
	"encoding/base64"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/patch-manager/patch-manager/activities"
	"github.com/patch-manager/patch-manager/agent/agenttest"
	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/worker/workertest"
	"github.com/patch-manager/patch-manager/workflows"
)

var record = flag.String("record", "", "folder to write the histories of every kind of run into; it must be new")

// recordTimeout is enough for a window to close, which is at a whole minute.
const recordTimeout = 4 * time.Minute

// TestRecordHistories writes the fixtures of the replay test: see workflows/testdata/histories/README.md.
func TestRecordHistories(t *testing.T) {
	t.Parallel()
	if *record == "" {
		t.Skip("only with -record")
	}
	require.NoError(t, os.MkdirAll(*record, 0o755))
	ctx, cancel := context.WithTimeout(t.Context(), recordTimeout)
	defer cancel()
	specs := recordedHosts()
	system, err := workertest.Start(ctx, workertest.Config{
		Dir: filepath.Join(t.TempDir(), "system"), Hosts: specs, InMemory: true, Identity: recordedIdentity,
		Settings: map[string]string{
			"health.poll_interval": "1h", "agent.inventory_interval": "1h", "patch.poll_interval": "200ms", "gate.retry_interval": "5s",
			"windows.cutoff": "1s", "windows.cutoff_with_reboot": "1s", "verify.timeout": "20s", "reboot.timeout": "30s",
		},
	})
	require.NoError(t, err)
	defer func() { require.NoError(t, system.Stop()) }()
	ids, err := system.Register(ctx, specs)
	require.NoError(t, err)
	r := &recorder{T: t, ctx: ctx, System: system, ids: map[string]string{}}
	for i, spec := range specs {
		r.ids[spec.FQDN] = ids[i]
	}
	r.recordAll()
}

// recordedIdentity stands for the worker, whose own identity names the machine.
const recordedIdentity = "worker"

type recorder struct {
	*testing.T
	*workertest.System
	ctx context.Context
	ids map[string]string
}

// recordedHosts is one host for each branch of a host's run, named after it.
func recordedHosts() []agenttest.HostSpec {
	var specs []agenttest.HostSpec
	for _, s := range scenarios {
		spec := agenttest.HostSpec{
			FQDN: s.name + ".test", Services: []agenttest.ServiceSpec{{Name: "nginx.service", Unhealthy: s.unhealthy}},
			Patches:       []agenttest.PatchSpec{{Name: "openssl", From: "3.0.15-1", To: "3.0.17-1", RequiresReboot: s.reboot}},
			ApplyDuration: time.Second,
		}
		if s.nothing {
			spec.Patches = nil
		}
		specs = append(specs, spec)
	}
	return specs
}

func (r *recorder) recordAll() {
	r.recordSweeps()
	r.openWindows()
	r.Run("hosts", func(t *testing.T) {
		for _, s := range scenarios {
			t.Run(s.name, func(t *testing.T) {
				t.Parallel()
				of := *r
				of.T = t
				of.recordHost(s)
			})
		}
	})
	r.recordJobs()
}

// openWindows opens the windows of all hosts and has that delivered, so that it wakes no run which is recorded.
func (r *recorder) openWindows() {
	for _, s := range scenarios {
		if s.late {
			continue
		}
		_, err := r.OpenHost(r.ctx, r.ids[s.name+".test"], s.window())
		require.NoError(r, err)
	}
	r.edited(nil)
	r.ended(workflows.WakeRunsID)
}

// recordHost runs one scenario as a job of its own and writes the history of the host's run.
func (r *recorder) recordHost(s scenario) {
	id := r.ids[s.name+".test"]
	if s.before != nil {
		s.before(r.Fleet.Host(s.name + ".test"))
	}
	job, err := r.StartJob(r.ctx, workertest.JobSpec{HostIDs: []string{id}, AllowReboot: s.reboot})
	require.NoError(r, err)
	if s.during != nil {
		s.during(r, job, id)
	}
	h := r.ended(workflows.PatchHostID(job, id))
	require.Equal(r, s.status, r.row(job, id).Status, r.row(job, id).Detail)
	for _, kind := range s.events {
		require.Contains(r, kinds(h), kind, "the branch that it is named after")
	}
	r.write("PatchHost."+s.name, h)
}

// recordJobs writes the histories of a job, its batch and what goes on beside them.
func (r *recorder) recordJobs() {
	hosts := []string{r.ids["healthy.test"], r.ids["nothing-to-do.test"]}
	job, err := r.StartJob(r.ctx, workertest.JobSpec{HostIDs: hosts})
	require.NoError(r, err)
	r.write("PatchJob.completed", r.ended(workflows.PatchJobID(job)))
	r.write("PatchBatch.completed", r.ended(workflows.PatchBatchID(job, 0)))

	r.Fleet.Host("cancelled-by-user.test").ResetPatches()
	cancelled := r.ids["cancelled-by-user.test"]
	job, err = r.StartJob(r.ctx, workertest.JobSpec{HostIDs: []string{cancelled}})
	require.NoError(r, err)
	r.waits(job, cancelled, fleet.StatusWaitingHealthCheck)
	require.NoError(r, r.Temporal.CancelWorkflow(r.ctx, workflows.PatchJobID(job), ""))
	r.write("PatchJob.cancelled", r.ended(workflows.PatchJobID(job)))
	require.Equal(r, fleet.StatusCancelled, r.row(job, cancelled).Status)

	r.write("WakeRuns.delivered", r.ended(workflows.WakeRunsID))
	run, err := r.Temporal.ExecuteWorkflow(r.ctx, client.StartWorkflowOptions{ID: "reconcile", TaskQueue: workflows.QueueMain}, workflows.ReconcileJobs)
	require.NoError(r, err)
	r.write("ReconcileJobs.completed", r.ended(run.GetID()))
}

func (r *recorder) recordSweeps() {
	interval := workflows.SweepInput{Interval: 5 * time.Second}
	for name, start := range map[string]func(client.StartWorkflowOptions) (client.WorkflowRun, error){
		"PollHealth.completed": func(o client.StartWorkflowOptions) (client.WorkflowRun, error) {
			return r.Temporal.ExecuteWorkflow(r.ctx, o, workflows.PollHealth, interval)
		},
		"AuditCheckpoint.completed": func(o client.StartWorkflowOptions) (client.WorkflowRun, error) {
			return r.Temporal.ExecuteWorkflow(r.ctx, o, workflows.AuditCheckpoint)
		},
		"PollInventory.completed": func(o client.StartWorkflowOptions) (client.WorkflowRun, error) {
			return r.Temporal.ExecuteWorkflow(r.ctx, o, workflows.PollInventory, interval)
		},
		"Prune.completed": func(o client.StartWorkflowOptions) (client.WorkflowRun, error) {
			return r.Temporal.ExecuteWorkflow(r.ctx, o, workflows.Prune, activities.Retention{
				Results: 96 * time.Hour, Events: 24 * time.Hour, Outputs: 2160 * time.Hour, Jobs: 9600 * time.Hour,
			})
		},
	} {
		run, err := start(client.StartWorkflowOptions{ID: "record/" + name, TaskQueue: workflows.QueueMain})
		require.NoError(r, err)
		require.NoError(r, run.Get(r.ctx, nil))
		r.write(name, r.ended(run.GetID()))
	}
}

// ended waits for the end of a run and reads its history.
func (r *recorder) ended(workflowID string) *history.History {
	require.Eventually(r, func() bool {
		run, err := r.Temporal.DescribeWorkflowExecution(r.ctx, workflowID, "")
		return err == nil && run.GetWorkflowExecutionInfo().GetCloseTime() != nil
	}, recordTimeout, 200*time.Millisecond, workflowID)
	h, err := r.History(r.ctx, workflowID, "")
	require.NoError(r, err)
	return h
}

// waits waits until a host of a job has the status.
func (r *recorder) waits(job, host string, status fleet.Status) {
	require.Eventually(r, func() bool { return r.row(job, host).Status == status }, time.Minute, 50*time.Millisecond, "%s of %s", status, host)
}

func (r *recorder) row(job, host string) fleet.RunRow {
	run, err := r.Store.Run(r.ctx, job, host)
	require.NoError(r, err)
	return run.Row
}

// edited has stored wake-ups delivered, as the API does after every edit.
func (r *recorder) edited(err error) {
	require.NoError(r, err)
	require.NoError(r, r.Client.DeliverWakeups(r.ctx))
}

func kinds(h *history.History) []enums.EventType {
	var all []enums.EventType
	for _, e := range h.GetEvents() {
		all = append(all, e.GetEventType())
	}
	return all
}

// payload is the data of a payload in the JSON of a history, and loopback what an error of a connection says of its ends.
var (
	payload  = regexp.MustCompile(`"data": ?"[A-Za-z0-9+/=]+"`)
	loopback = regexp.MustCompile(`127\.0\.0\.1:\d+`)
)

// write keeps a history without what names the machine: the sticky queue is called after it.
func (r *recorder) write(name string, h *history.History) {
	for _, e := range h.GetEvents() {
		if q := e.GetWorkflowTaskScheduledEventAttributes().GetTaskQueue(); q.GetKind() == enums.TASK_QUEUE_KIND_STICKY {
			q.Name = "sticky"
		}
	}
	encoded, err := protojson.Marshal(h)
	require.NoError(r, err)
	encoded = payload.ReplaceAllFunc(encoded, func(found []byte) []byte {
		prefix, data, _ := strings.Cut(strings.TrimSuffix(string(found), `"`), `:`)
		text, err := base64.StdEncoding.DecodeString(strings.Trim(data, ` "`))
		require.NoError(r, err)
		text = loopback.ReplaceAll(text, []byte("192.0.2.1:12443"))
		return []byte(prefix + `:"` + base64.StdEncoding.EncodeToString(text) + `"`)
	})
	require.NoError(r, os.WriteFile(filepath.Join(*record, name+".json"), append(encoded, '\n'), 0o600))
}
