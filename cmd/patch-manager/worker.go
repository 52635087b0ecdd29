package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/patch-manager/patch-manager/activities"
	"github.com/patch-manager/patch-manager/agent"
	"github.com/patch-manager/patch-manager/api"
	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/metrics"
	"github.com/patch-manager/patch-manager/secret"
	"github.com/patch-manager/patch-manager/settings"
	"github.com/patch-manager/patch-manager/store"
	"github.com/patch-manager/patch-manager/worker"
	"github.com/patch-manager/patch-manager/workflows"
)

// What runs obey and no operator needs to decide.
const (
	agentTimeout = 30 * time.Second // of one request to an agent
	sendWithin   = 30 * time.Second // from the intent to the first byte of the request
	maxCacheAge  = 24 * time.Hour   // of the agent's package cache, when it lists nothing
)

func newWorker() *cobra.Command {
	cmd := &cobra.Command{Use: "worker", Short: "Carry out runs, polls and everything else that touches hosts"}
	return withSettings(cmd, func(cmd *cobra.Command, s settings.Settings) error { return runWorker(cmd.Context(), s) })
}

func runWorker(ctx context.Context, s settings.Settings) error {
	db, closeDB, err := openStore(ctx, s)
	if err != nil {
		return err
	}
	defer closeDB()
	keys, err := secret.Open(ctx, s.Keys.HealthCheck, db)
	if err != nil {
		return err
	}
	agents, err := agent.NewClient(agent.Config{
		CAFile: s.Agent.CA, CertFile: s.Agent.Cert, KeyFile: s.Agent.Key, Revocations: db, Timeout: agentTimeout,
		Logger: slog.Default(),
	})
	if err != nil {
		return err
	}
	temporal, options, err := openTemporal()
	if err != nil {
		return err
	}
	defer temporal.Close()
	checks := activities.NewCheckRunner(agents, newProber(s, options.HostPort), keys, db)
	w := worker.New(worker.Config{
		Temporal: temporal, Namespace: options.Namespace, Zones: s.Worker.Zones, Presence: db,
		Activities:   makeActivities(s, db, agents, checks, workflows.NewClient(temporal)),
		PollInterval: s.Health.PollInterval, InventoryInterval: s.Agent.InventoryInterval,
		Retention: activities.Retention{
			Results: s.Health.ResultRetention, Events: s.Events.Retention, Outputs: s.Outputs.Retention, Jobs: s.Jobs.Retention,
		},
		MaxActivities: s.Worker.MaxActivities, MaxWorkflowTasks: s.Worker.MaxWorkflowTasks, Log: slog.Default(),
	})
	return together(ctx, w.Run, attend(w.Alive), func(ctx context.Context) error {
		if s.Worker.Listen == "" {
			<-ctx.Done()
			return nil
		}
		return serve(ctx, s.Worker.Listen, probes(w, db, newMetrics(s, db)))
	})
}

// makeActivities brings the adapters together with what carries out the runs.
func makeActivities(
	s settings.Settings, db *store.Store, agents *agent.Client, checks *activities.CheckRunner, signals *workflows.Client,
) worker.Activities {
	stock := activities.NewInventoryReader(agents, db)
	return worker.Activities{
		Runs:      activities.NewRuns(db, agents, checks, signals, stock, runPolicy(s)),
		Jobs:      activities.NewJobs(db, signals),
		Poller:    activities.NewPoller(db, checks, signals, s.Health.MaxConcurrent, slog.Default()),
		Inventory: activities.NewInventory(stock, slog.Default()),
		Pruner:    activities.NewPruner(db),
		Auditor:   activities.NewAuditor(db, slog.Default()),
	}
}

func runPolicy(s settings.Settings) activities.RunPolicy {
	return activities.RunPolicy{
		Gate:          fleet.GatePolicy{MaxResultAge: s.Gate.MaxResultAge, MaxClockSkew: s.Agent.MaxClockSkew},
		Cutoffs:       fleet.Cutoffs{Plain: s.Windows.Cutoff, WithReboot: s.Windows.CutoffWithReboot},
		RetryInterval: s.Gate.RetryInterval, AgentTimeout: agentTimeout, SendWithin: sendWithin,
		PollInterval: s.Patch.PollInterval, FollowTimeout: s.Patch.FollowTimeout, SettleTimeout: s.Patch.SettleTimeout,
		VerifyTimeout: s.Verify.Timeout, RebootTimeout: s.Reboot.Timeout, MaxCacheAge: maxCacheAge,
	}
}

// probes answers what asks whether this worker lives and works, and what is to be measured of it.
func probes(w *worker.Worker, db *store.Store, m *metrics.Metrics) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(out http.ResponseWriter, _ *http.Request) { out.WriteHeader(http.StatusOK) })
	mux.HandleFunc("GET /readyz", func(out http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 3*time.Second)
		defer cancel()
		if !w.Ready() || db.Ping(ctx) != nil {
			out.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("GET /metrics", serveMetrics(m, db))
	return api.SecureHeaders(false)(mux)
}

// together runs parts side by side until ctx ends or one of them does, and waits for all.
func together(ctx context.Context, parts ...func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ends := make(chan error, len(parts))
	for _, part := range parts {
		go func() { ends <- part(ctx) }()
	}
	var errs []error
	for range parts {
		errs = append(errs, <-ends)
		cancel()
	}
	return errors.Join(errs...)
}
