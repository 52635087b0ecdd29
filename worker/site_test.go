//go:build integration

package worker_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	temporallog "go.temporal.io/sdk/log"

	"github.com/patch-manager/patch-manager/activities"
	"github.com/patch-manager/patch-manager/agent"
	"github.com/patch-manager/patch-manager/agent/agenttest"
	"github.com/patch-manager/patch-manager/devstack"
	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/health"
	"github.com/patch-manager/patch-manager/store"
	"github.com/patch-manager/patch-manager/store/storetest"
	"github.com/patch-manager/patch-manager/worker"
	"github.com/patch-manager/patch-manager/workflows"
)

// patience is how long a test waits for what must happen, on a machine that is busy with other things.
const patience = time.Minute

// site is a database, a Temporal server and simulated hosts, with everything between them real.
type site struct {
	*testing.T
	pool     *pgxpool.Pool
	store    *store.Store
	temporal client.Client
	address  string
	fleet    *agenttest.Fleet
	agents   *agent.Client
	ids      map[string]string // of hosts, by name
}

// newSite starts a site with n hosts; the caller may bring a Temporal client of its own.
func newSite(t *testing.T, n int) *site {
	t.Helper()
	pki, err := agenttest.NewPKI(t.TempDir())
	require.NoError(t, err)
	simulated, err := agenttest.NewFleet(agenttest.Options{PKI: pki, Hosts: agenttest.DemoHosts(n)})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, simulated.Close()) })
	agents, err := agent.NewClient(agent.Config{
		CAFile: pki.CAFile(), CertFile: pki.ClientCertFile(), KeyFile: pki.ClientKeyFile(), Revocations: agenttest.NothingRevoked(),
	})
	require.NoError(t, err)
	pool := storetest.New(t)
	s := &site{T: t, pool: pool, store: store.New(pool, storetest.AuditKey), fleet: simulated, agents: agents, ids: map[string]string{}}
	for _, h := range simulated.Hosts() {
		s.register(h)
	}
	return s
}

func (s *site) startTemporal(port int) {
	s.Helper()
	server, err := devstack.StartTemporal(s.Context(), devstack.TemporalConfig{Dir: s.TempDir(), InMemory: true, Port: port, UIPort: -1})
	require.NoError(s, err)
	s.Cleanup(func() { require.NoError(s, server.Stop()) })
	s.address = server.Address()
}

// dial makes the client; nothing is connected yet.
func (s *site) dial() {
	s.Helper()
	c, err := client.NewLazyClient(client.Options{
		HostPort: s.address, Logger: temporallog.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	require.NoError(s, err)
	s.Cleanup(c.Close)
	s.temporal = c
}

func (s *site) register(h *agenttest.Host) {
	s.Helper()
	id := uuid.Must(uuid.NewV7()).String()
	s.ids[h.FQDN()] = id
	e := h.Endpoint()
	s.exec(`insert into hosts (id, fqdn, address, agent_port) values ($1, $2, $3, $4)`, id, h.FQDN(), e.Address, e.Port)
}

func (s *site) exec(sql string, args ...any) {
	s.Helper()
	_, err := s.pool.Exec(s.Context(), sql, args...)
	require.NoError(s, err)
}

func (s *site) serviceCheck(fqdn, service string) string {
	s.Helper()
	id := uuid.Must(uuid.NewV7()).String()
	s.exec(`insert into host_health_checks (id, host_id, slot, name, check_type, service_name) values ($1, $2, 1, $3, 'service', $3)`,
		id, s.ids[fqdn], service)
	return id
}

// job adds an immediate job over the hosts.
func (s *site) job(fqdns ...string) string {
	s.Helper()
	id := uuid.Must(uuid.NewV7()).String()
	s.exec(`insert into jobs (id, created_by, created_by_name, immediate, max_parallel, max_failures, max_parallel_hosts,
		max_failures_hosts, gate_timeout_seconds, max_wait_seconds) values ($1, $1, 'ann', true, '10', '3', 10, 3, 3600, 3600)`, id)
	for _, name := range fqdns {
		s.exec(`insert into job_hosts (job_id, host_id, fqdn, zone, batch) values ($1, $2, $3, 'default', 0)`, id, s.ids[name], name)
	}
	return id
}

// config is a worker for the site that polls every two seconds, while the gate looks again by itself only after an hour.
func (s *site) config() worker.Config {
	quiet := slog.New(slog.DiscardHandler)
	signals := workflows.NewClient(s.temporal)
	checks := activities.NewCheckRunner(s.agents, health.NewProber(health.Config{}), noPasswords{}, s.store)
	stock := activities.NewInventoryReader(s.agents, s.store)
	policy := activities.RunPolicy{
		Gate:          fleet.GatePolicy{MaxResultAge: 30 * time.Second, MaxClockSkew: 5 * time.Second},
		RetryInterval: time.Hour, AgentTimeout: 10 * time.Second, SendWithin: 10 * time.Second, PollInterval: time.Second,
		FollowTimeout: time.Hour, SettleTimeout: time.Minute, VerifyTimeout: time.Minute, RebootTimeout: time.Minute, MaxCacheAge: 24 * time.Hour,
	}
	return worker.Config{
		Temporal: s.temporal, Presence: s.store,
		Activities: worker.Activities{
			Runs: activities.NewRuns(s.store, s.agents, checks, signals, stock, policy), Jobs: activities.NewJobs(s.store, signals),
			Poller: activities.NewPoller(s.store, checks, signals, 0, quiet), Inventory: activities.NewInventory(stock, quiet),
			Pruner: activities.NewPruner(s.store), Auditor: activities.NewAuditor(s.store, slog.New(slog.DiscardHandler)),
		},
		PollInterval: 2 * time.Second, InventoryInterval: time.Hour,
		Retention: activities.Retention{Results: 96 * time.Hour, Events: 24 * time.Hour, Outputs: 2160 * time.Hour, Jobs: 9600 * time.Hour},
		Log:       quiet,
	}
}

type noPasswords struct{}

func (noPasswords) Open(context.Context, fleet.SealedPassword, fleet.Check) (fleet.Secret, error) {
	return fleet.Secret{}, fleet.NotFound("password")
}

// serve runs a worker until the returned function is called, which waits for its end.
func (s *site) serve(cfg worker.Config) (w *worker.Worker, stop func() error) {
	s.Helper()
	ctx, cancel := context.WithCancel(s.Context())
	w = worker.New(cfg)
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	stopped := false
	stop = func() error {
		if stopped {
			return nil
		}
		stopped = true
		cancel()
		return <-ended
	}
	s.Cleanup(func() { require.NoError(s, stop()) })
	return w, stop
}

func (s *site) serveUntilReady(cfg worker.Config) (stop func() error) {
	s.Helper()
	w, stop := s.serve(cfg)
	s.eventually(w.Ready, "the worker serves")
	return stop
}

func (s *site) eventually(is func() bool, what string) {
	s.Helper()
	require.Eventually(s, is, patience, 20*time.Millisecond, what)
}

func (s *site) count(sql string, args ...any) int {
	s.Helper()
	var n int
	require.NoError(s, s.pool.QueryRow(s.Context(), sql, args...).Scan(&n))
	return n
}
