package devstack

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Parts that are ended here by force are delivered by Failed like any other crash.

// atOnce ends a process as a crash would, in the middle of whatever it does.
var atOnce = []stopStep{{syscall.SIGKILL, 5 * time.Second}}

// KillWorker kills the worker and waits until it is gone.
func (s *Stack) KillWorker() error { return s.worker.stop(atOnce) }

// WorkerEnded is closed once the worker, as it was started last, has ended.
func (s *Stack) WorkerEnded() <-chan struct{} { return s.worker.Done() }

// PauseWorker stops the clock of the worker, as it were, until ResumeWorker: it runs on then as if nothing had been.
func (s *Stack) PauseWorker() error { return s.worker.signal(syscall.SIGSTOP) }

// ResumeWorker lets a paused worker go on.
func (s *Stack) ResumeWorker() error { return s.worker.signal(syscall.SIGCONT) }

// StopProduct ends every worker and the API in order and says how each exited, which is 0 where nothing was wrong.
func (s *Stack) StopProduct() (codes map[string]int, err error) {
	codes = map[string]int{}
	for _, p := range append(s.added, s.worker, s.api) {
		if err := p.Stop(); err != nil {
			return nil, err
		}
		codes[p.name] = p.ExitCode()
	}
	return codes, nil
}

// StartProduct starts the API and the worker again after StopProduct.
func (s *Stack) StartProduct(ctx context.Context) error {
	if err := keepLog(s.path("log", "api.log")); err != nil {
		return err
	}
	p, err := s.serve(ctx, "api", s.listenAddress("api.listen"), "api")
	if err != nil {
		return err
	}
	s.api = p
	return s.StartWorker(ctx)
}

// KillPostgres kills every process of our own database server, as the end of its machine would, and waits until the first
// of them is gone. What was committed is on its disk, unless the stack is Fresh.
func (s *Stack) KillPostgres() error {
	sessions, err := children(s.postgres.PID())
	if err != nil {
		return err
	}
	if err := s.postgres.stop(atOnce); err != nil {
		return err
	}
	for _, pid := range sessions {
		_ = syscall.Kill(pid, syscall.SIGKILL) // it may have followed its server
	}
	return nil
}

// RestartPostgres starts our own database server again, on its data and its port, and waits until it answers.
func (s *Stack) RestartPostgres(ctx context.Context) error {
	if err := keepLog(s.path("postgres", "postgres.log")); err != nil {
		return err
	}
	return s.runPostgres(ctx, s.postgres.port)
}

// PostgresEnded is closed once our own database server, as it was started last, has ended.
func (s *Stack) PostgresEnded() <-chan struct{} { return s.postgres.Done() }

// TemporalEnded is closed once our own Temporal, as it was started last, has ended.
func (s *Stack) TemporalEnded() <-chan struct{} { return s.temporal.server.Done() }

// KillTemporal kills our own Temporal and waits until it is gone. Its state is on its disk.
func (s *Stack) KillTemporal() error { return s.temporal.server.stop(atOnce) }

// EmptyTemporal removes all that our own Temporal knew, once it was killed.
func (s *Stack) EmptyTemporal() error {
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(s.path("temporal", temporalDatabase) + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("empty temporal: %w", err)
		}
	}
	return nil
}

// RestartTemporal starts our own Temporal again, on its data and its ports, and waits until it answers.
func (s *Stack) RestartTemporal(ctx context.Context) error {
	if err := keepLog(s.path("temporal", "temporal.log")); err != nil {
		return err
	}
	server, err := startTemporal(ctx, s.temporal.config)
	if err != nil {
		return err
	}
	s.onStop(server.Stop)
	s.watch(server.Process, s.path("temporal", "temporal.log"))
	s.temporal.server = server
	return nil
}

// children are the processes that a process started and that still run.
func children(pid int) (pids []int, err error) {
	list, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return nil, fmt.Errorf("find sessions of postgres: %w", err)
	}
	for _, field := range strings.Fields(string(list)) {
		if child, err := strconv.Atoi(field); err == nil {
			pids = append(pids, child)
		}
	}
	return pids, nil
}

// keepLog puts the log of a process that died beside that of the next one, which begins anew.
func keepLog(path string) error {
	if err := os.Rename(path, fmt.Sprintf("%s.%d", path, time.Now().UnixNano())); err != nil {
		return fmt.Errorf("keep log: %w", err)
	}
	return nil
}
