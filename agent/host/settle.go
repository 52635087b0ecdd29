package host

import (
	"context"
	"fmt"
	"time"

	"github.com/patch-manager/patch-manager/agent"
)

// rebootGrace is how long after asking for it a reboot may take before it counts as failed.
const rebootGrace = 15 * time.Minute

// settle returns how a job ended, or nil while it goes on. A job whose unit is gone without an outcome, by a crash or a
// reboot of the host, is ended here: nobody else will.
func (a *Agent) settle(ctx context.Context, r record) (*outcome, error) {
	if o, err := a.jobs.outcome(r.ID); o != nil || err != nil {
		return o, err
	}
	boot, err := a.files.bootID()
	if err != nil {
		return nil, err
	}
	if boot != r.Boot {
		return a.end(r, a.endedByBoot(r))
	}
	running, err := a.systemd.Running(ctx, r.unit())
	if err != nil || running {
		return nil, err
	}
	if asked := files(a.jobs.path(r.ID, "")).modified(fileAsked); a.now().Sub(asked) < rebootGrace {
		return nil, nil // its unit has done its part, and was stopped since the host is going down
	}
	// A unit that ends between the two questions has left its outcome, and then that one stays.
	return a.end(r, failure(a.now(), lostCode(r), "its unit ended without a result"))
}

func (a *Agent) end(r record, o outcome) (*outcome, error) {
	if err := a.jobs.finish(r.ID, o); err != nil {
		return nil, err
	}
	return a.jobs.outcome(r.ID)
}

func lostCode(r record) string {
	if r.Operation == agent.OperationReboot {
		return agent.JobReboot
	}
	return agent.JobUnknown
}

func (a *Agent) endedByBoot(r record) outcome {
	started := a.now()
	if up, err := a.files.uptime(); err == nil {
		started = started.Add(-up)
	}
	if r.Operation == agent.OperationReboot {
		return outcome{Status: agent.JobCompleted, Message: "the host has restarted", CompletedAt: started}
	}
	return failure(started, agent.JobUnknown, "the host restarted before the packages were installed")
}

// describe is the state of a job as the contract tells it; the output only where it is asked for.
func (a *Agent) describe(ctx context.Context, r record, output bool) (agent.Job, error) {
	ended, err := a.settle(ctx, r)
	if err != nil {
		return agent.Job{}, fmt.Errorf("describe job %s: %w", r.ID, err)
	}
	job := agent.Job{
		JobID: r.ID, Operation: r.Operation, Status: agent.JobRunning, CreatedAt: agent.Time{Time: r.CreatedAt},
		Packages: r.Packages, Message: "running",
	}
	if job.Packages == nil {
		job.Packages = []string{}
	}
	if ended != nil {
		tellEnd(&job, *ended)
	} else {
		a.tellProgress(&job, r)
	}
	if output {
		a.tellOutput(&job)
	}
	return job, nil
}

func tellEnd(job *agent.Job, o outcome) {
	job.Status, job.Message, job.CompletedAt = o.Status, o.Message, agent.Time{Time: o.CompletedAt}
	if o.Status == agent.JobCompleted {
		job.Progress = 100
	}
	if o.Error != "" {
		text := agent.Text(o.Error)
		job.Error = &text
	}
	if o.ErrorCode != "" {
		job.ErrorCode = &o.ErrorCode
	}
	if o.ExitCode != nil {
		code := agent.Int(*o.ExitCode)
		job.ExitCode = &code
	}
}

func (a *Agent) tellProgress(job *agent.Job, r record) {
	if r.ScheduledAt != nil && a.now().Before(*r.ScheduledAt) {
		job.Status, job.Message = agent.JobPending, "waits for its time"
		return
	}
	if p, ok := lastProgress(tail(a.jobs.path(r.ID, fileStatus), 4<<10)); ok {
		job.Progress, job.Message = agent.Int(p.percent), p.text
	}
}

// The bounds of what GET /jobs/{id} answers of a job's output: its end, where the error is.
const (
	maxTold       = 64 << 10
	maxToldErrors = 16 << 10
	maxToldLines  = 200
)

func (a *Agent) tellOutput(job *agent.Job) {
	job.Logs = lastLines(tail(a.jobs.path(job.JobID, fileLog), maxTold), maxToldLines)
	stdout := tail(a.jobs.path(job.JobID, fileStdout), maxTold)
	stderr := tail(a.jobs.path(job.JobID, fileStderr), maxToldErrors)
	job.CommandStdout, job.CommandStderr = &stdout, &stderr
}
