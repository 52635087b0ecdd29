package devstack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/patch-manager/patch-manager/agent/agenttest"
)

// StackConfig says what to run.
type StackConfig struct {
	// Dir holds all state, keys and logs.
	Dir string
	// Fresh removes what is in Dir first.
	Fresh bool
	// Program is the patch-manager binary, which runs as api and worker.
	Program string
	// Environ is the caller's environment. Product settings in it win over ours.
	Environ []string
	// Settings are product settings by key, for this stack.
	Settings map[string]string
	Ports    Ports
	Hosts    []agenttest.HostSpec
	// Register puts the simulated fleet into the product before its worker starts, so that the first poll finds it.
	Register func(context.Context, *Stack) error
	// Say tells people how far the start is.
	Say func(format string, args ...any)
	// Route says where the product reaches the server of that name, postgres or temporal, which listens on address; nil
	// means there.
	Route func(server, address string) (string, error)
	// PostgresEnv is added to the environment of our own database server.
	PostgresEnv []string
}

// Stack is everything running: databases, product and simulated fleet. Stop must be called.
type Stack struct {
	Fleet *agenttest.Fleet
	API   *Client

	api, worker     *Process
	added           []*Process // further workers
	config          StackConfig
	env             *environment
	databaseURL     string
	temporalAddress string
	token           string
	password        string     // of devUser
	postgres        *Postgres  // nil if the caller's is used
	temporal        *beginning // likewise
	temporalUI      string     // empty with the caller's Temporal
	failed          chan error
	untested        []string // paths of checks that were registered by this start
	// stops end what was started, last first.
	mu    sync.Mutex
	stops []func() error
}

// StartStack starts everything and waits until it is ready. On an error nothing is left running.
func StartStack(ctx context.Context, c StackConfig) (*Stack, error) {
	s := &Stack{config: c, failed: make(chan error, 1)}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// DatabaseURL is where the database is, as its owner.
func (s *Stack) DatabaseURL() string { return s.databaseURL }

// TemporalAddress is the host:port of Temporal.
func (s *Stack) TemporalAddress() string { return s.temporalAddress }

// PIDs are the ids of the processes that are ours and run by now: api, worker, postgres and temporal.
func (s *Stack) PIDs() map[string]int {
	processes := map[string]*Process{"api": s.api, "worker": s.worker}
	if s.postgres != nil {
		processes["postgres"] = s.postgres.Process
	}
	if s.temporal != nil {
		select {
		case <-s.temporal.done:
			processes["temporal"] = s.temporal.server.Process
		default: // it is still starting
		}
	}
	pids := map[string]int{}
	for name, p := range processes {
		if p != nil {
			pids[name] = p.PID()
		}
	}
	return pids
}

// Failed delivers an error when a part ends that should not.
func (s *Stack) Failed() <-chan error { return s.failed }

// Stop ends everything that was started, in the reverse order, and waits for it.
func (s *Stack) Stop() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for i := len(s.stops) - 1; i >= 0; i-- {
		errs = append(errs, s.stops[i]())
	}
	s.stops = nil
	return errors.Join(errs...)
}

func (s *Stack) onStop(stop func() error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stops = append(s.stops, stop)
}

func (s *Stack) start(ctx context.Context) error {
	for _, step := range []func(context.Context) error{
		s.openDir, s.prepareEnvironment, s.beginTemporal, s.startPostgres, s.startFleet, s.startAPI, s.awaitTemporal, s.startWorker,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// openDir takes the folder for us alone.
func (s *Stack) openDir(context.Context) error {
	dir, err := filepath.Abs(s.config.Dir)
	if err != nil {
		return fmt.Errorf("open state folder: %w", err)
	}
	s.config.Dir = dir
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("open state folder: %w", err)
	}
	lock, err := lockDir(dir, 0)
	if errors.Is(err, ErrInUse) {
		return fmt.Errorf("patch-manager is already running on %s: %w", dir, err)
	}
	if err != nil {
		return err
	}
	s.onStop(lock.Close)
	if s.config.Fresh {
		if err := s.wipe(); err != nil {
			return err
		}
	}
	for _, private := range []string{"log", "keys"} {
		if err := os.MkdirAll(s.path(private), 0o700); err != nil {
			return fmt.Errorf("open state folder: %w", err)
		}
	}
	return nil
}

// RemoveState removes the folder of a stack that has stopped.
func RemoveState(dir string) error {
	if err := RemovePostgres(filepath.Join(dir, "postgres")); err != nil {
		return err
	}
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("remove state folder: %w", err)
	}
	return nil
}

// wipe removes all state but the lock, which we hold.
func (s *Stack) wipe() error {
	if err := RemovePostgres(s.path("postgres")); err != nil {
		return err
	}
	entries, err := os.ReadDir(s.config.Dir)
	if err != nil {
		return fmt.Errorf("empty state folder: %w", err)
	}
	for _, e := range entries {
		if e.Name() == "lock" {
			continue
		}
		if err := os.RemoveAll(s.path(e.Name())); err != nil {
			return fmt.Errorf("empty state folder: %w", err)
		}
	}
	return nil
}

func (s *Stack) path(parts ...string) string {
	return filepath.Join(append([]string{s.config.Dir}, parts...)...)
}

// watch reports a part that ends by itself.
func (s *Stack) watch(p *Process, log string) {
	go func() {
		<-p.Done()
		s.fail(fmt.Errorf("%w; %s ends with:\n%s", p.ended(), log, tail(log)))
	}()
}

// fail reports the first failure. One is enough to stop everything, and while we stop nobody listens.
func (s *Stack) fail(err error) {
	select {
	case s.failed <- err:
	default:
	}
}
