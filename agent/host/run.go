package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/patch-manager/patch-manager/agent"
)

// jobLimit is how long an apply may take before its apt is asked to stop. Apt is never killed: while dpkg is at work it
// goes on, and the job with it.
const jobLimit = 2 * time.Hour

// runner carries one job out, in the job's own systemd unit.
type runner struct {
	*Agent
	record
	journal *os.File
}

// Run carries a job out and returns when it has ended. It is what the job's transient unit runs; the agent is not needed
// meanwhile.
func Run(ctx context.Context, c Config, id string) error {
	return assemble(c, files("/"), Programs{}, Bus{}).run(ctx, id)
}

func (a *Agent) run(ctx context.Context, id string) error {
	if !validID(id) {
		return fmt.Errorf("run job: %.60q is no id of a job", id)
	}
	r, err := a.jobs.load(id)
	if err != nil {
		return err
	}
	// A job begins once in its life, whoever starts its unit again.
	if err := a.jobs.mark(id, fileStarted); err != nil {
		return err
	}
	journal, err := os.OpenFile(a.jobs.path(id, fileLog), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("run job: %w", err)
	}
	defer func() { _ = journal.Close() }()
	do := &runner{Agent: a, record: r, journal: journal}
	if r.Operation == agent.OperationReboot {
		return do.reboot(ctx, time.Until(*r.ScheduledAt))
	}
	return do.apply(ctx)
}

// say writes a line to the job's log.
func (r *runner) say(format string, args ...any) {
	_, _ = fmt.Fprintf(r.journal, "%s %s\n", r.now().UTC().Format(time.RFC3339), fmt.Sprintf(format, args...))
}

func (r *runner) apply(ctx context.Context) error {
	// A shutdown of the host tells this process to stop, and then waits for it: apt is let to finish. The signals are
	// caught and not ignored, since children would inherit that, and daemons that a package starts with them.
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	defer signal.Stop(caught)
	limited, cancel := context.WithTimeout(ctx, jobLimit)
	defer cancel()
	end := r.inhibited(limited, r.install)
	end.CompletedAt = r.now()
	r.say("%s: %s", end.Status, end.Message)
	if err := r.jobs.finish(r.ID, end); err != nil {
		return err
	}
	if !r.AllowReboot || end.Status != agent.JobCompleted || len(r.files.rebootReasons()) == 0 {
		return nil
	}
	signal.Stop(caught)
	return r.rebootAfter(ctx)
}

// inhibited does its work under a lock against shutdowns. To wait for apt, as the unit does, is not enough for a good end:
// once the host goes down no service starts any more, and a package whose script starts one stays half configured.
func (r *runner) inhibited(ctx context.Context, do func(context.Context) outcome) outcome {
	lock, err := r.systemd.Inhibit(ctx, "installs packages")
	if err != nil {
		r.say("a shutdown is not held off: %v", err)
		return do(ctx)
	}
	defer func() { _ = lock.Close() }()
	return do(ctx)
}

func (r *runner) rebootAfter(ctx context.Context) error {
	r.say("the host requires a reboot; it follows in %s", r.RebootDelay)
	if err := sleep(ctx, r.RebootDelay); err != nil {
		return err
	}
	return r.systemd.Reboot(ctx)
}

// reboot ends without an outcome when all goes well: that the host has restarted is for its next life to see.
func (r *runner) reboot(ctx context.Context, delay time.Duration) error {
	r.say("the reboot is due at %s", r.ScheduledAt.UTC().Format(time.RFC3339))
	if err := sleep(ctx, delay); err != nil {
		return err
	}
	busy, err := r.locked()
	if err == nil && busy {
		err = errors.New("another program is installing packages")
	}
	if err != nil {
		return r.rebootFailed(err)
	}
	if err := r.jobs.mark(r.ID, fileAsked); err != nil && !errors.Is(err, fs.ErrExist) {
		return r.rebootFailed(err)
	}
	r.say("reboot")
	if err := r.systemd.Reboot(ctx); err != nil {
		return r.rebootFailed(err)
	}
	return nil
}

func (r *runner) rebootFailed(err error) error {
	r.say("failed: %v", err)
	return errors.Join(err, r.jobs.finish(r.ID, failure(r.now(), agent.JobReboot, "%v", err)))
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// discard is for a runner's Config: it logs to its job.
func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// RunConfig is the Config for Run.
func RunConfig(stateDir string) Config {
	return Config{StateDir: filepath.Clean(stateDir), Log: discard()}
}
