package workflows_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	"github.com/patch-manager/patch-manager/activities"
	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/workflows"
)

// monday is when every test begins.
var monday = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// world is a fleet and a store of runs in memory, on the virtual clock of the test: the real workflows and activities
// run against it. Its writes are guarded as those of the real store are, which has tests of its own.
type world struct {
	t   testing.TB
	env *testsuite.TestWorkflowEnvironment

	mu    sync.Mutex
	job   fleet.RunJob
	hosts map[string]*member
	order []string
	done  bool
	away  bool // results can not be stored
}

// member is one host of the job with its simulated agent.
type member struct {
	host        *fleet.Host
	row         fleet.RunRow
	windows     []fleet.Window
	checks      []fleet.Evidence
	attempts    []*fleet.Attempt
	evaluations []fleet.Evaluation
	output      []string
	broken      bool // its writes fail for good
	busy        bool // an unfinished attempt of another job
	outcome     func(now time.Time) fleet.Outcome
	probes      int
	agent       agentState
}

func newWorld(t *testing.T) *world {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	w := &world{t: t, env: suite.NewTestWorkflowEnvironment(), hosts: map[string]*member{}}
	w.env.SetStartTime(monday)
	w.env.SetTestTimeout(time.Minute)
	// On a machine that is busy with other things a second passes without a turn.
	w.env.SetWorkerOptions(worker.Options{DeadlockDetectionTimeout: 30 * time.Second})
	w.job = fleet.RunJob{
		ID: "job", CreatedAt: monday, MaxParallel: 10, MaxFailures: 3, GateTimeout: time.Hour, MaxWait: 36 * 24 * time.Hour,
	}
	checks := activities.NewCheckRunner(w, w, w, w)
	runs := activities.OnClock(activities.NewRuns(w, w, checks, signals{w}, w, activities.RunPolicy{
		Gate:    fleet.GatePolicy{MaxResultAge: 30 * time.Second, MaxClockSkew: 5 * time.Second},
		Cutoffs: fleet.Cutoffs{Plain: 15 * time.Minute, WithReboot: 30 * time.Minute}, RetryInterval: 5 * time.Minute,
		AgentTimeout: 10 * time.Second, SendWithin: 10 * time.Second, PollInterval: time.Millisecond,
		FollowTimeout: 2 * time.Hour, SettleTimeout: 0, VerifyTimeout: 0, RebootTimeout: 15 * time.Minute, MaxCacheAge: 24 * time.Hour,
	}), w.now)
	w.env.RegisterActivity(runs)
	w.env.RegisterActivity(activities.NewJobs(w, signals{w}))
	w.env.RegisterWorkflow(workflows.PatchHost)
	w.env.RegisterWorkflow(workflows.PatchBatch)
	w.env.RegisterWorkflow(workflows.PatchJob)
	return w
}

// add adds a healthy host with one check and one pending package; a window makes it wait for that.
func (w *world) add(id string, windows ...fleet.Window) *member {
	m := &member{
		host:    &fleet.Host{ID: id, FQDN: id + ".test", Zone: fleet.DefaultZone, Address: id},
		row:     fleet.RunRow{HostID: id, FQDN: id + ".test", Zone: fleet.DefaultZone, Status: fleet.StatusQueued},
		windows: windows,
		checks:  []fleet.Evidence{{Check: fleet.Check{ID: "check-" + id, HostID: id, Name: "nginx", Type: fleet.CheckService, Enabled: true}}},
		outcome: func(time.Time) fleet.Outcome { return fleet.OutcomeHealthy },
	}
	m.agent = agentState{
		pending: []fleet.Patch{{Name: "openssl", CurrentVersion: "1", Available: "2"}}, booted: monday.Add(-24 * time.Hour),
		cacheUpdated: monday, takes: 2,
	}
	w.hosts[id] = m
	w.order = append(w.order, id)
	return m
}

// open is a window that is open from start for the given minutes.
func open(start time.Time, minutes int) fleet.Window {
	return fleet.Window{
		ID: "open", Scope: fleet.ScopeHost, Kind: fleet.Maintenance, TimeZone: "UTC", StartsOn: fleet.DateOf(start),
		StartTime: fleet.TimeOfDay{Hour: start.Hour(), Minute: start.Minute()}, DurationMinutes: minutes, Recurrence: fleet.Once, Enabled: true,
	}
}

func blackout(start time.Time, minutes int) fleet.Window {
	b := open(start, minutes)
	b.ID, b.Kind = "blackout", fleet.Blackout
	return b
}

// runHost runs the one host of the world to its end.
func (w *world) runHost(m *member) {
	w.t.Helper()
	w.env.ExecuteWorkflow(workflows.PatchHost, workflows.PatchHostInput{JobID: "job", HostID: m.row.HostID, FQDN: m.row.FQDN, Zone: m.row.Zone})
	require.True(w.t, w.env.IsWorkflowCompleted())
	require.NoError(w.t, w.env.GetWorkflowError())
}

func (w *world) runJob() {
	w.t.Helper()
	w.env.ExecuteWorkflow(workflows.PatchJob, workflows.PatchJobInput{JobID: "job"})
	require.True(w.t, w.env.IsWorkflowCompleted())
	require.NoError(w.t, w.env.GetWorkflowError())
	require.True(w.t, w.done, "the job is complete")
}

// at runs do at an instant of virtual time.
func (w *world) at(at time.Time, do func()) {
	w.env.RegisterDelayedCallback(func() {
		w.mu.Lock()
		do()
		w.mu.Unlock()
	}, at.Sub(monday))
}

// wakeAt is at, followed by a wake-up of the one host under test.
func (w *world) wakeAt(at time.Time, do func()) {
	w.at(at, do)
	w.env.RegisterDelayedCallback(func() { w.env.SignalWorkflow(workflows.SignalWake, nil) }, at.Sub(monday))
}

// now is the virtual time, to the second: timers fire a hair after their instant.
func (w *world) now() time.Time { return w.env.Now().UTC().Truncate(time.Second) }

func (w *world) ended(m *member, status fleet.Status, reason fleet.Reason) {
	w.t.Helper()
	require.Equal(w.t, [2]string{string(status), string(reason)}, [2]string{string(m.row.Status), string(m.row.Reason)}, m.row.Detail)
}

// The ports of the activities.

func (w *world) Connect(e fleet.Endpoint) fleet.AgentConn {
	return &agentConn{w: w, m: w.hosts[e.HostID]}
}

func (w *world) Service(_ context.Context, _ fleet.AgentConn, c fleet.Check) fleet.Result {
	w.mu.Lock()
	defer w.mu.Unlock()
	m := w.hosts[c.HostID]
	m.probes++
	o := m.outcome(w.now())
	return fleet.Result{CheckID: c.ID, HostID: c.HostID, Outcome: o, Detail: "nginx is " + string(o), CheckedAt: w.now()}
}

func (w *world) HTTP(context.Context, fleet.Check, string) fleet.Result {
	panic("no http checks here")
}

func (w *world) Open(context.Context, fleet.SealedPassword, fleet.Check) (fleet.Secret, error) {
	panic("no passwords here")
}

func (w *world) StoreResults(_ context.Context, results []fleet.Result) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.away {
		return fleet.Unavailable("database_unavailable", "the database does not answer")
	}
	for _, r := range results {
		for i := range w.hosts[r.HostID].checks {
			if w.hosts[r.HostID].checks[i].Check.ID == r.CheckID {
				w.hosts[r.HostID].checks[i].Result = &r
			}
		}
	}
	return nil
}

func (w *world) RefreshInventory(context.Context, fleet.Host) error { return nil }

// signals reaches the runs of the test.
type signals struct{ w *world }

func (s signals) WakeHost(_ context.Context, jobID, hostID string) error {
	s.w.env.RegisterDelayedCallback(func() {
		_ = s.w.env.SignalWorkflowByID(workflows.PatchHostID(jobID, hostID), workflows.SignalWake, nil)
	}, 0)
	return nil
}

func (s signals) StartJob(context.Context, string) error { panic("not used by the runs") }

// DeliverWakeups wakes every host that has not ended, which is what any stored wake-up comes to in one job.
func (s signals) DeliverWakeups(ctx context.Context) error {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	for _, id := range s.w.order {
		if !s.w.hosts[id].row.Status.Terminal() {
			_ = s.WakeHost(ctx, "job", id)
		}
	}
	return nil
}
