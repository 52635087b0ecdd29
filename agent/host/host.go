package host

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// jobRetention is how long a finished job and its idempotency key are remembered.
const jobRetention = 30 * 24 * time.Hour

// Config is what an agent is made of.
type Config struct {
	StateDir string
	Version  string
	// Self starts this program's command that calls Run; the job's id is appended.
	Self []string
	Log  *slog.Logger
}

// Agent answers for one host.
type Agent struct {
	version  string
	self     []string
	log      *slog.Logger
	stateDir string
	jobs     jobs
	files    files
	commands Commander
	systemd  Systemd
	locked   func() (bool, error) // another process installs packages
	now      func() time.Time

	simulating sync.Mutex
	last       remembered // under simulating
	refreshing sync.Mutex
	// admission is held by whoever starts a job, from the decision until its unit runs, and by whoever tells a job that
	// was never started from one that ended.
	admission sync.Mutex
	reads     limiter
	writes    limiter
}

// New makes the agent of this host. It settles what an earlier life of the agent, or of the host, left unfinished.
func New(ctx context.Context, c Config) (*Agent, error) {
	a := assemble(c, files("/"), Programs{}, Bus{})
	if err := os.MkdirAll(string(a.jobs), 0o700); err != nil {
		return nil, fmt.Errorf("prepare the state folder: %w", err)
	}
	if _, err := a.files.bootID(); err != nil {
		return nil, err
	}
	a.recoverJobs(ctx)
	return a, nil
}

func assemble(c Config, f files, commands Commander, systemd Systemd) *Agent {
	return &Agent{
		version: c.Version, self: c.Self, log: c.Log, stateDir: c.StateDir, jobs: jobs(filepath.Join(c.StateDir, "jobs")),
		files: f, commands: commands, systemd: systemd, now: time.Now,
		locked: func() (bool, error) {
			return anyLocked(f.path("/var/lib/dpkg/lock-frontend"), f.path("/var/lib/dpkg/lock"))
		},
		reads: limiter{perMinute: readsPerMinute}, writes: limiter{perMinute: writesPerMinute},
	}
}

// recoverJobs is no more than a look at every job, since looking settles it; errors are logged, since a host must be
// reachable above all.
func (a *Agent) recoverJobs(ctx context.Context) {
	a.admission.Lock()
	defer a.admission.Unlock()
	records, err := a.jobs.list()
	for _, r := range records {
		_, settleErr := a.settle(ctx, r)
		err = errors.Join(err, settleErr)
	}
	if err = errors.Join(err, a.jobs.prune(a.now().Add(-jobRetention))); err != nil {
		a.log.Error("recover the jobs", "error", err)
	}
}
