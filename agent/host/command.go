package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// Command is a program with its arguments; Path is looked up in the fixed search path of environment.
type Command struct {
	Path string
	Args []string
	// Stdout, Stderr and Status receive the program's output; Status is its descriptor 3. They are files and no pipes:
	// apt must be able to write on when the process that started it is gone.
	Stdout, Stderr, Status *os.File
}

// Commander starts programs. It is the seam at which tests stand in for apt and dpkg.
type Commander interface {
	// Output runs c and returns its standard output, of which more than maxOutput bytes are an error.
	Output(ctx context.Context, c Command) ([]byte, error)
	// Start runs c to its end, without ever killing it: when ctx ends, c is asked to stop by an interrupt, which apt
	// obeys while it downloads and defers while dpkg is at work.
	Start(ctx context.Context, c Command) error
}

const (
	maxOutput = 16 << 20
	maxStderr = 4 << 10
)

// environment keeps every program from asking anything and from speaking another language than the parsers read.
func environment() []string {
	return []string{
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"HOME=/root",
		"LC_ALL=C.UTF-8",
		"DEBIAN_FRONTEND=noninteractive",
		"DEBIAN_PRIORITY=critical",
		"APT_LISTCHANGES_FRONTEND=none",
		"UCF_FORCE_CONFFOLD=1",
		// needrestart only lists: which services restart is decided by the packages, not behind the manager's back.
		"NEEDRESTART_MODE=l",
		"NEEDRESTART_UI=NeedRestart::UI::stdio",
	}
}

// Programs is the Commander of a real host.
type Programs struct{}

// Output implements Commander.
func (Programs) Output(ctx context.Context, c Command) ([]byte, error) {
	cmd := exec.CommandContext(ctx, c.Path, c.Args...)
	cmd.Env = environment()
	cmd.Dir = "/"
	stdout, stderr := &cappedBuffer{limit: maxOutput}, &cappedBuffer{limit: maxStderr}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Run(); err != nil {
		return nil, &CommandError{Name: c.Path, Stderr: strings.TrimSpace(stderr.String()), Err: err}
	}
	if stdout.cut {
		return nil, fmt.Errorf("run %s: more than %d bytes of output", c.Path, maxOutput)
	}
	return stdout.Bytes(), nil
}

// Start implements Commander.
func (Programs) Start(ctx context.Context, c Command) error {
	cmd := exec.CommandContext(ctx, c.Path, c.Args...)
	cmd.Env = environment()
	cmd.Dir = "/"
	cmd.Stdout, cmd.Stderr = c.Stdout, c.Stderr
	if c.Status != nil {
		cmd.ExtraFiles = []*os.File{c.Status}
	}
	cmd.Cancel = func() error {
		// "Done" makes Run wait on and tell the program's own end, instead of that it was asked.
		return errors.Join(os.ErrProcessDone, cmd.Process.Signal(os.Interrupt))
	}
	if err := cmd.Run(); err != nil {
		return &CommandError{Name: c.Path, Err: err}
	}
	return nil
}

// CommandError is a program that could not be started or that failed.
type CommandError struct {
	Name   string
	Stderr string // bounded
	Err    error
}

func (e *CommandError) Error() string {
	if e.Stderr == "" {
		return fmt.Sprintf("run %s: %v", e.Name, e.Err)
	}
	return fmt.Sprintf("run %s: %v: %s", e.Name, e.Err, e.Stderr)
}

// Unwrap returns the reason.
func (e *CommandError) Unwrap() error { return e.Err }

// exitCode returns the exit code of the program behind err, and whether it ran to an exit at all.
func exitCode(err error) (int, bool) {
	var coded interface{ ExitCode() int }
	if errors.As(err, &coded) && coded.ExitCode() >= 0 {
		return coded.ExitCode(), true
	}
	return 0, false
}

// cappedBuffer keeps the first limit bytes and takes the rest without an error, so that the program is not stopped.
type cappedBuffer struct {
	bytes.Buffer
	limit int
	cut   bool
}

func (b *cappedBuffer) Write(p []byte) (int, error) {
	room := min(b.limit-b.Len(), len(p))
	b.cut = b.cut || room < len(p)
	b.Buffer.Write(p[:room])
	return len(p), nil
}
