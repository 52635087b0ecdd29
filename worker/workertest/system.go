package workertest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"go.temporal.io/sdk/client"
	temporallog "go.temporal.io/sdk/log"

	"github.com/patch-manager/patch-manager/agent/agenttest"
	"github.com/patch-manager/patch-manager/devstack"
	"github.com/patch-manager/patch-manager/secret"
	"github.com/patch-manager/patch-manager/settings"
	"github.com/patch-manager/patch-manager/store"
	"github.com/patch-manager/patch-manager/workflows"
)

// Config says what to run.
type Config struct {
	// Dir holds state, keys and logs. It must be new, and is the caller's to remove with devstack.RemoveState.
	Dir string
	// Settings are product settings by key, for instance "gate.retry_interval".
	Settings map[string]string
	Hosts    []agenttest.HostSpec
	// InMemory keeps Temporal's state in memory, so that the disk of the machine is not measured.
	InMemory bool
	Identity string // of the worker in histories
}

// System is everything running. It is safe for concurrent use, but for starting and stopping.
type System struct {
	Temporal client.Client
	Client   *workflows.Client
	Store    *store.Store
	Pool     *pgxpool.Pool
	Fleet    *agenttest.Fleet

	config   Config
	settings settings.Settings
	pki      *agenttest.PKI
	address  string
	worker   *running
	stops    []func() error
}

// startTimeout bounds the start of one part.
const startTimeout = time.Minute

// Start starts the servers, the hosts and the worker, and waits until they are ready. On an error nothing is left running.
func Start(ctx context.Context, c Config) (*System, error) {
	s := &System{config: c}
	for _, step := range []func(context.Context) error{s.startServers, s.startFleet, s.loadSettings, s.connect, s.StartWorker} {
		if err := step(ctx); err != nil {
			return nil, errors.Join(err, s.Stop())
		}
	}
	return s, nil
}

// Stop ends everything in the reverse order of its start.
func (s *System) Stop() error {
	errs := []error{s.StopWorker()}
	for i := len(s.stops) - 1; i >= 0; i-- {
		errs = append(errs, s.stops[i]())
	}
	s.stops = nil
	return errors.Join(errs...)
}

func (s *System) path(parts ...string) string {
	return filepath.Join(append([]string{s.config.Dir}, parts...)...)
}

func (s *System) startServers(ctx context.Context) error {
	var postgres *devstack.Postgres
	var temporal *devstack.Temporal
	var errs [2]error
	var starting sync.WaitGroup
	starting.Go(func() {
		postgres, errs[0] = devstack.StartPostgres(ctx, devstack.PostgresConfig{Dir: s.path("postgres"), Database: "patch_manager", Throwaway: true})
	})
	starting.Go(func() {
		temporal, errs[1] = devstack.StartTemporal(ctx, devstack.TemporalConfig{
			Dir: s.path("temporal"), InMemory: s.config.InMemory, UIPort: -1,
		})
	})
	starting.Wait()
	if postgres != nil {
		s.stops = append(s.stops, postgres.Stop)
	}
	if temporal != nil {
		s.stops = append(s.stops, temporal.Stop)
	}
	if err := errors.Join(errs[:]...); err != nil {
		return err
	}
	s.address = temporal.Address()
	return s.openStore(ctx, postgres.URL())
}

func (s *System) openStore(ctx context.Context, url string) error {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	config.MaxConns = 40
	if _, err := store.Migrate(ctx, url); err != nil {
		return err
	}
	if s.Pool, err = store.Connect(ctx, config); err != nil {
		return err
	}
	s.stops = append(s.stops, func() error { s.Pool.Close(); return nil })
	auditKey, err := secret.OpenAuditKey(s.path("keys", "audit.key"), false)
	if err != nil {
		return err
	}
	s.Store = store.New(s.Pool, auditKey)
	return nil
}

func (s *System) startFleet(context.Context) error {
	if err := os.MkdirAll(s.path("keys"), 0o700); err != nil {
		return fmt.Errorf("make folder of keys: %w", err)
	}
	var err error
	if s.pki, err = agenttest.NewPKI(s.path("pki")); err != nil {
		return err
	}
	if s.Fleet, err = agenttest.NewFleet(agenttest.Options{PKI: s.pki, Hosts: s.config.Hosts}); err != nil {
		return err
	}
	s.stops = append(s.stops, s.Fleet.Close)
	return nil
}

func (s *System) connect(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	c, err := client.DialContext(ctx, client.Options{
		HostPort: s.address, Identity: s.config.Identity, Logger: temporallog.NewStructuredLogger(quiet),
	})
	if err != nil {
		return fmt.Errorf("dial temporal: %w", err)
	}
	s.Temporal, s.Client = c, workflows.NewClient(c)
	s.stops = append(s.stops, func() error { c.Close(); return nil })
	return nil
}

// quiet leaves out what is said of every task: the benchmark would measure the terminal.
var quiet = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
