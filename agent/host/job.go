package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/patch-manager/patch-manager/agent"
)

// record is what was asked for, written once when a job is admitted.
type record struct {
	ID          string     `json:"id"`
	Operation   string     `json:"operation"`
	Packages    []string   `json:"packages,omitempty"`
	CreatedAt   time.Time  `json:"created_at"`
	Boot        string     `json:"boot"` // the boot it was admitted in
	Key         string     `json:"key,omitempty"`
	KeyBody     string     `json:"key_body,omitempty"` // digest of the request that the key came with
	ScheduledAt *time.Time `json:"scheduled_at,omitempty"`
	// AllowReboot and RebootDelay of an apply: reboot afterwards, if the host then requires it.
	AllowReboot bool          `json:"allow_reboot,omitempty"`
	RebootDelay time.Duration `json:"reboot_delay,omitempty"`
	// Deleted jobs stay as this record, since their idempotency key must not start them again.
	Deleted bool `json:"deleted,omitempty"`
}

func (r record) unit() string { return "patch-agent-job-" + r.ID + ".service" }

// outcome is how a job ended, written once, by whoever is first.
type outcome struct {
	Status      string    `json:"status"`
	Message     string    `json:"message"`
	ErrorCode   string    `json:"error_code,omitempty"`
	Error       string    `json:"error,omitempty"`
	ExitCode    *int      `json:"exit_code,omitempty"`
	CompletedAt time.Time `json:"completed_at"`
}

func failure(now time.Time, code, format string, args ...any) outcome {
	text := fmt.Sprintf(format, args...)
	return outcome{Status: agent.JobFailed, ErrorCode: code, Error: text, Message: text, CompletedAt: now}
}

// The files in a job's folder. Each has one writer: the agent writes the record, the job's own unit the rest.
const (
	fileRecord  = "job.json"
	fileStarted = "started" // its unit has begun; it never begins twice
	fileAsked   = "asked"   // systemd was asked to reboot
	fileOutcome = "outcome.json"
	fileLog     = "log" // what the job did, for people
	fileStdout  = "stdout"
	fileStderr  = "stderr"
	fileStatus  = "status" // apt's progress lines
)

// jobs is the folder of all jobs.
type jobs string

func (j jobs) path(id, file string) string { return filepath.Join(string(j), id, file) }

// create makes the job's folder with its record, complete or not at all.
func (j jobs) create(r record) error {
	if err := os.MkdirAll(string(j), 0o700); err != nil {
		return fmt.Errorf("create job: %w", err)
	}
	fresh := filepath.Join(string(j), ".new-"+r.ID)
	if err := os.Mkdir(fresh, 0o700); err != nil {
		return fmt.Errorf("create job: %w", err)
	}
	err := writeDurably(filepath.Join(fresh, fileRecord), r)
	if err == nil {
		err = os.Rename(fresh, filepath.Join(string(j), r.ID))
	}
	if err == nil {
		err = syncFolder(string(j))
	}
	if err != nil {
		return errors.Join(fmt.Errorf("create job: %w", err), os.RemoveAll(fresh))
	}
	return nil
}

// load returns the record of a job; an error wrapping fs.ErrNotExist for none.
func (j jobs) load(id string) (record, error) {
	var r record
	if err := readJSON(j.path(id, fileRecord), &r); err != nil {
		return record{}, fmt.Errorf("load job %s: %w", id, err)
	}
	return r, nil
}

// list returns the records of all jobs, deleted ones included, oldest first. A folder without a readable record is
// reported and passed over: one damaged file must not take the agent down.
func (j jobs) list() ([]record, error) {
	entries, err := os.ReadDir(string(j))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list jobs: %w", err)
	}
	var records []record
	var damaged []error
	for _, e := range entries {
		if !validID(e.Name()) {
			continue
		}
		r, err := j.load(e.Name())
		if err != nil {
			damaged = append(damaged, err)
			continue
		}
		records = append(records, r)
	}
	sortRecords(records)
	return records, errors.Join(damaged...)
}

// outcome returns how a job ended, or nil.
func (j jobs) outcome(id string) (*outcome, error) {
	var o outcome
	err := readJSON(j.path(id, fileOutcome), &o)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read outcome of job %s: %w", id, err)
	}
	return &o, nil
}

// finish stores how a job ended, unless that is known already.
func (j jobs) finish(id string, o outcome) error {
	fresh := j.path(id, fmt.Sprintf(".outcome-%d", os.Getpid()))
	if err := writeDurably(fresh, o); err != nil {
		return fmt.Errorf("finish job %s: %w", id, err)
	}
	err := os.Link(fresh, j.path(id, fileOutcome)) // unlike a rename, fails where there is one
	if errors.Is(err, fs.ErrExist) {
		err = nil
	}
	if err = errors.Join(err, os.Remove(fresh), syncFolder(filepath.Join(string(j), id))); err != nil {
		return fmt.Errorf("finish job %s: %w", id, err)
	}
	return nil
}

// mark creates an empty file in the job's folder; an error wrapping fs.ErrExist when it is there.
func (j jobs) mark(id, file string) error {
	f, err := os.OpenFile(j.path(id, file), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("mark job %s: %w", id, err)
	}
	return errors.Join(f.Close(), syncFolder(filepath.Join(string(j), id)))
}

// remove takes a finished job out of every answer and drops its output.
func (j jobs) remove(r record) error {
	r.Deleted = true
	fresh := j.path(r.ID, ".job")
	if err := writeDurably(fresh, r); err != nil {
		return fmt.Errorf("delete job %s: %w", r.ID, err)
	}
	if err := os.Rename(fresh, j.path(r.ID, fileRecord)); err != nil {
		return fmt.Errorf("delete job %s: %w", r.ID, err)
	}
	for _, file := range []string{fileLog, fileStdout, fileStderr, fileStatus} {
		if err := os.Remove(j.path(r.ID, file)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("delete job %s: %w", r.ID, err)
		}
	}
	return syncFolder(filepath.Join(string(j), r.ID))
}

// prune drops the folders of jobs that ended before a time.
func (j jobs) prune(before time.Time) error {
	records, err := j.list()
	for _, r := range records {
		o, outcomeErr := j.outcome(r.ID)
		if outcomeErr != nil || o == nil || !o.CompletedAt.Before(before) {
			continue
		}
		err = errors.Join(err, os.RemoveAll(filepath.Join(string(j), r.ID)))
	}
	return err
}
