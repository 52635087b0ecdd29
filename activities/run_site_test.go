package activities_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/testsuite"

	"github.com/patch-manager/patch-manager/activities"
	"github.com/patch-manager/patch-manager/agent"
	"github.com/patch-manager/patch-manager/agent/agenttest"
	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/health"
	"github.com/patch-manager/patch-manager/store"
	"github.com/patch-manager/patch-manager/store/storetest"
)

// runSite is a database, one simulated host and the activities of runs between them.
type runSite struct {
	*testing.T
	pool    *pgxpool.Pool
	store   *store.Store
	fleet   *agenttest.Fleet
	host    *agenttest.Host
	client  *agent.Client
	signals *recordedSignals
	policy  activities.RunPolicy
	hostID  string
}

// A host without keys, without memory of its jobs and without word of held packages is the hardest one.
var hardest = agenttest.Versions[1]

func newRunSite(t *testing.T, change ...func(*agenttest.HostSpec)) *runSite {
	t.Helper()
	pki, err := agenttest.NewPKI(t.TempDir())
	require.NoError(t, err)
	spec := agenttest.DemoHosts(1)[0] // nginx, openssl and curl are pending
	spec.Quirks, spec.ApplyDuration, spec.RebootDowntime = hardest, 50*time.Millisecond, 100*time.Millisecond
	for _, c := range change {
		c(&spec)
	}
	f, err := agenttest.NewFleet(agenttest.Options{PKI: pki, Hosts: []agenttest.HostSpec{spec}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	client, err := agent.NewClient(agent.Config{
		CAFile: pki.CAFile(), CertFile: pki.ClientCertFile(), KeyFile: pki.ClientKeyFile(), Timeout: 20 * time.Second,
		Revocations: agenttest.NothingRevoked(), Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	pool := storetest.New(t)
	s := &runSite{
		T: t, pool: pool, store: store.New(pool, storetest.AuditKey), fleet: f, host: f.Hosts()[0], client: client,
		signals: &recordedSignals{}, policy: shortPolicy, hostID: newUUID(),
	}
	e := s.host.Endpoint()
	s.exec(`insert into hosts (id, fqdn, address, agent_port) values ($1, $2, $3, $4)`, s.hostID, e.FQDN, e.Address, e.Port)
	return s
}

// shortPolicy is the settings in a hurry.
var shortPolicy = activities.RunPolicy{
	Gate:          fleet.GatePolicy{MaxResultAge: 30 * time.Second, MaxClockSkew: 5 * time.Second},
	Cutoffs:       fleet.Cutoffs{Plain: 15 * time.Minute, WithReboot: 30 * time.Minute},
	RetryInterval: 5 * time.Minute,
	AgentTimeout:  20 * time.Second,
	SendWithin:    20 * time.Second,
	PollInterval:  5 * time.Millisecond,
	FollowTimeout: time.Minute,
	SettleTimeout: 100 * time.Millisecond,
	VerifyTimeout: 200 * time.Millisecond,
	RebootTimeout: 10 * time.Second,
	MaxCacheAge:   24 * time.Hour,
}

func newUUID() string { return uuid.Must(uuid.NewV7()).String() }

func (s *runSite) exec(sql string, args ...any) {
	s.Helper()
	_, err := s.pool.Exec(context.WithoutCancel(s.Context()), sql, args...)
	require.NoError(s, err)
}

// stored reads the one column of the one row of a query.
func stored[T any](s *runSite, sql string, args ...any) T {
	s.Helper()
	var v T
	require.NoError(s, s.pool.QueryRow(s.Context(), sql, args...).Scan(&v))
	return v
}

// jobSpec is what a test may want of a job.
type jobSpec struct {
	packages    []string
	scheduled   bool
	allowReboot bool
	maxParallel int
}

// job adds a job for the host, created a moment ago.
func (s *runSite) job(j jobSpec) activities.HostRef {
	s.Helper()
	ref := activities.HostRef{JobID: newUUID(), HostID: s.hostID}
	s.exec(`insert into jobs (id, created_by, created_by_name, packages, immediate, allow_reboot, max_parallel, max_failures,
		max_parallel_hosts, max_failures_hosts, gate_timeout_seconds, max_wait_seconds)
		values ($1, $1, 'ann', $2, $3, $4, '', '', $5, 3, 3600, 86400)`,
		ref.JobID, j.packages, !j.scheduled, j.allowReboot, max(j.maxParallel, 1))
	s.addHost(ref)
	return ref
}

func (s *runSite) addHost(ref activities.HostRef) {
	s.Helper()
	s.exec(`insert into job_hosts (job_id, host_id, fqdn, zone, batch) values ($1, $2, 'h', 'default', 0)`, ref.JobID, ref.HostID)
}

// otherHost adds a host to the job of ref that has no agent.
func (s *runSite) otherHost(ref activities.HostRef) activities.HostRef {
	s.Helper()
	other := activities.HostRef{JobID: ref.JobID, HostID: newUUID()}
	s.exec(`insert into hosts (id, fqdn, address) values ($1, $2, '127.0.0.1')`, other.HostID, "h-"+other.HostID)
	s.addHost(other)
	return other
}

func (s *runSite) serviceCheck(service string) string {
	s.Helper()
	id := newUUID()
	s.exec(`insert into host_health_checks (id, host_id, slot, name, check_type, service_name)
		values ($1, $2, (select count(*) + 1 from host_health_checks where host_id = $2), $3, 'service', $3)`, id, s.hostID, service)
	return id
}

// window adds a window of the host that started the given time ago, which the schema keeps to the minute.
func (s *runSite) window(kind fleet.WindowKind, ago, duration time.Duration) {
	s.Helper()
	start := time.Now().UTC().Add(-ago)
	s.exec(`insert into maintenance_windows (id, scope, host_id, kind, time_zone, starts_on, start_time, duration_minutes, recurrence)
		values ($1, 'host', $2, $3, 'UTC', $4::date, $5::time, $6, 'once')`,
		newUUID(), s.hostID, string(kind), start.Format(time.DateOnly), start.Format("15:04"), int(duration.Minutes()))
}

func (s *runSite) runs() *activities.Runs {
	runner := activities.NewCheckRunner(s.client, health.NewProber(health.Config{}), noPasswords{}, s.store)
	return activities.NewRuns(s.store, s.client, runner, s.signals, activities.NewInventoryReader(s.client, s.store), s.policy)
}

type step = func(*activities.Runs, context.Context, activities.HostRef) (activities.Step, error)

// try runs an activity as a worker does; beats are what an earlier try left.
func (s *runSite) try(do step, ref activities.HostRef, beats ...any) (activities.Step, error) {
	env := (&testsuite.WorkflowTestSuite{}).NewTestActivityEnvironment()
	env.SetTestTimeout(time.Minute)
	if len(beats) > 0 {
		env.SetHeartbeatDetails(beats[0])
	}
	runs := s.runs()
	env.RegisterActivityWithOptions(func(ctx context.Context, ref activities.HostRef) (activities.Step, error) {
		return do(runs, ctx, ref)
	}, activity.RegisterOptions{Name: "step"})
	var next activities.Step
	value, err := env.ExecuteActivity("step", ref)
	if err != nil {
		return next, err
	}
	return next, value.Get(&next)
}

func (s *runSite) must(do step, ref activities.HostRef) activities.Step {
	s.Helper()
	next, err := s.try(do, ref)
	require.NoError(s, err)
	return next
}

func (s *runSite) plan(ref activities.HostRef) activities.Step {
	s.Helper()
	return s.must((*activities.Runs).PlanHost, ref)
}

func (s *runSite) dispatch(ref activities.HostRef) activities.Step {
	s.Helper()
	return s.must((*activities.Runs).DispatchPatch, ref)
}

func (s *runSite) follow(ref activities.HostRef) activities.Step {
	s.Helper()
	return s.must((*activities.Runs).FollowPatch, ref)
}

func (s *runSite) reboot(ref activities.HostRef) activities.Step {
	s.Helper()
	return s.must((*activities.Runs).RebootHost, ref)
}

func (s *runSite) verify(ref activities.HostRef) activities.Step {
	s.Helper()
	return s.must((*activities.Runs).VerifyHost, ref)
}

// carryOut takes a host from where step left it to a wait or its end, as its run does.
func (s *runSite) carryOut(ref activities.HostRef) activities.Step {
	s.Helper()
	step := s.plan(ref)
	for range 10 {
		switch step.Next {
		case activities.StepDispatch:
			step = s.dispatch(ref)
		case activities.StepFollow:
			step = s.follow(ref)
		case activities.StepReboot:
			step = s.reboot(ref)
		case activities.StepVerify:
			step = s.verify(ref)
		default:
			return step
		}
	}
	require.FailNow(s, "no end in ten steps")
	return step
}

func (s *runSite) run(ref activities.HostRef) fleet.Run {
	s.Helper()
	r, err := s.store.Run(s.Context(), ref.JobID, ref.HostID)
	require.NoError(s, err)
	return r
}

// requireEnded demands an end in the step and in the database.
func (s *runSite) requireEnded(step activities.Step, ref activities.HostRef, status fleet.Status, reason fleet.Reason) {
	s.Helper()
	require.Equal(s, activities.StepDone, step.Next, "%+v", step)
	row := s.run(ref).Row
	require.Equal(s, fmt.Sprint(status, reason), fmt.Sprint(row.Status, row.Reason), row.Detail)
	require.Equal(s, fmt.Sprint(status, reason), fmt.Sprint(step.Status, step.Reason))
	require.NotEmpty(s, row.Detail)
}

// requireWaiting demands a wait in the step and in the database, and returns it.
func (s *runSite) requireWaiting(step activities.Step, ref activities.HostRef, status fleet.Status, reason fleet.Reason) fleet.Wait {
	s.Helper()
	require.Equal(s, activities.StepWait, step.Next, "%+v", step)
	row := s.run(ref).Row
	require.Equal(s, fmt.Sprint(status, reason), fmt.Sprint(row.Status, row.Reason), row.Detail)
	require.NotNil(s, row.Wait)
	require.Equal(s, reason, row.Wait.Reason)
	require.NotEmpty(s, row.Wait.Unblocks)
	return *row.Wait
}

// applies is how often the host was told to apply, by its own account.
func (s *runSite) applies() int {
	return len(s.fleet.ExecutionsOf(s.host.FQDN(), agent.OperationApply))
}

func (s *runSite) reboots() int {
	return len(s.fleet.ExecutionsOf(s.host.FQDN(), agent.OperationReboot))
}

// recordedSignals remembers who was signalled.
type recordedSignals struct {
	mu        sync.Mutex
	woken     []string
	delivered int
}

func (r *recordedSignals) WakeHost(_ context.Context, _, hostID string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.woken = append(r.woken, hostID)
	return nil
}

func (r *recordedSignals) DeliverWakeups(context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.delivered++
	return nil
}

func (*recordedSignals) StartJob(context.Context, string) error { return nil }

func (r *recordedSignals) wokenHosts() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string{}, r.woken...)
}

type noPasswords struct{}

func (noPasswords) Open(context.Context, fleet.SealedPassword, fleet.Check) (fleet.Secret, error) {
	return fleet.Secret{}, fmt.Errorf("no key")
}
