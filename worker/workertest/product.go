package workertest

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/patch-manager/patch-manager/activities"
	"github.com/patch-manager/patch-manager/agent"
	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/health"
	"github.com/patch-manager/patch-manager/secret"
	"github.com/patch-manager/patch-manager/settings"
	"github.com/patch-manager/patch-manager/worker"
)

// The bounds of runs that are no settings.
const (
	agentTimeout = 30 * time.Second
	sendWithin   = 30 * time.Second
	maxCacheAge  = 24 * time.Hour
)

// loadSettings reads the settings as the product does, so that one which is misspelled or out of its range fails here.
func (s *System) loadSettings(context.Context) error {
	environ := []string{"PATCH_MANAGER_DATABASE__URL=" + s.Pool.Config().ConnString()}
	for key, value := range s.config.Settings {
		environ = append(environ, settings.EnvPrefix+strings.ToUpper(strings.ReplaceAll(key, ".", "__"))+"="+value)
	}
	var err error
	s.settings, err = settings.Load(settings.Source{Environ: environ})
	return err
}

// running is the worker while it runs.
type running struct {
	cancel context.CancelFunc
	ended  chan error
}

// StartWorker starts the worker and waits until it serves.
func (s *System) StartWorker(ctx context.Context) error {
	made, err := s.newWorker(ctx)
	if err != nil {
		return err
	}
	serving, cancel := context.WithCancel(context.WithoutCancel(ctx))
	r := &running{cancel: cancel, ended: make(chan error, 1)}
	s.worker = r
	go func() { r.ended <- made.Run(serving) }()
	ctx, stop := context.WithTimeout(ctx, startTimeout)
	defer stop()
	for !made.Ready() {
		select {
		case err := <-r.ended:
			r.ended <- err
			return errors.Join(errors.New("start worker: it ended"), err)
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}

// StopWorker stops the worker in order, as a restart of the product does. One that does not run is no error.
func (s *System) StopWorker() error {
	if s.worker == nil {
		return nil
	}
	s.worker.cancel()
	err := <-s.worker.ended
	s.worker = nil
	return err
}

func (s *System) newWorker(ctx context.Context) (*worker.Worker, error) {
	keys, err := secret.Open(ctx, s.path("keys", "health-check.key"), s.Store)
	if err != nil {
		return nil, err
	}
	agents, err := agent.NewClient(agent.Config{
		CAFile: s.pki.CAFile(), CertFile: s.pki.ClientCertFile(), KeyFile: s.pki.ClientKeyFile(), Revocations: s.Store,
	})
	if err != nil {
		return nil, err
	}
	log := slog.New(slog.DiscardHandler)
	prober := health.NewProber(health.Config{Timeout: s.settings.Health.CheckTimeout, Rules: s.settings.Checks.Outbound})
	checks := activities.NewCheckRunner(agents, prober, keys, s.Store)
	reader := activities.NewInventoryReader(agents, s.Store)
	return worker.New(worker.Config{
		Temporal: s.Temporal, Presence: s.Store,
		Activities: worker.Activities{
			Runs:      activities.NewRuns(s.Store, agents, checks, s.Client, reader, policy(s.settings)),
			Jobs:      activities.NewJobs(s.Store, s.Client),
			Poller:    activities.NewPoller(s.Store, checks, s.Client, s.settings.Health.MaxConcurrent, log),
			Inventory: activities.NewInventory(reader, log),
			Pruner:    activities.NewPruner(s.Store),
			Auditor:   activities.NewAuditor(s.Store, log),
		},
		PollInterval: s.settings.Health.PollInterval, InventoryInterval: s.settings.Agent.InventoryInterval,
		Retention: activities.Retention{
			Results: s.settings.Health.ResultRetention, Events: s.settings.Events.Retention,
			Outputs: s.settings.Outputs.Retention, Jobs: s.settings.Jobs.Retention,
		},
		MaxActivities: s.settings.Worker.MaxActivities, MaxWorkflowTasks: s.settings.Worker.MaxWorkflowTasks, Log: log,
	}), nil
}

func policy(s settings.Settings) activities.RunPolicy {
	return activities.RunPolicy{
		Gate:          fleet.GatePolicy{MaxResultAge: s.Gate.MaxResultAge, MaxClockSkew: s.Agent.MaxClockSkew},
		Cutoffs:       fleet.Cutoffs{Plain: s.Windows.Cutoff, WithReboot: s.Windows.CutoffWithReboot},
		RetryInterval: s.Gate.RetryInterval, AgentTimeout: agentTimeout, SendWithin: sendWithin,
		PollInterval: s.Patch.PollInterval, FollowTimeout: s.Patch.FollowTimeout, SettleTimeout: s.Patch.SettleTimeout,
		VerifyTimeout: s.Verify.Timeout, RebootTimeout: s.Reboot.Timeout, MaxCacheAge: maxCacheAge,
	}
}
