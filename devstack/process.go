package devstack

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// Command describes a child process.
type Command struct {
	Name string // for messages
	Path string
	Args []string
	Dir  string
	Env  []string
	// Output receives both streams. It is a file and not a writer, so that no pipe outlives us and holds up whoever
	// waits for our own output to end.
	Output *os.File
	// Files are inherited as descriptors 3 and up.
	Files []*os.File
	// Account is who the process runs as; nil for ourselves.
	Account *Account
	// DeathSignal is what the kernel sends the child when we die without stopping it; SIGTERM if zero.
	DeathSignal syscall.Signal
}

// Process is a running child.
type Process struct {
	name string
	cmd  *exec.Cmd
	done chan struct{}
	err  error // how it ended; read after done is closed
}

// Start starts c in a process group of its own, so that Ctrl-C in a terminal reaches only us and children are stopped
// in order. The child is signalled when we die, however we die.
func Start(c Command) (*Process, error) {
	cmd := exec.Command(c.Path, c.Args...)
	cmd.Dir, cmd.Env, cmd.ExtraFiles = c.Dir, c.Env, c.Files
	if c.Output != nil {
		cmd.Stdout, cmd.Stderr = c.Output, c.Output
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: c.DeathSignal}
	if c.DeathSignal == 0 {
		cmd.SysProcAttr.Pdeathsig = syscall.SIGTERM
	}
	if c.Account != nil {
		cmd.SysProcAttr.Credential = c.Account.credential()
	}
	if err := startPinned(cmd); err != nil {
		return nil, fmt.Errorf("start %s: %w", c.Name, err)
	}
	p := &Process{name: c.Name, cmd: cmd, done: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// PID is the id of the process.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Done is closed once the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// ExitCode waits for the end and returns the exit code; -1 where a signal ended the process.
func (p *Process) ExitCode() int {
	<-p.done
	return p.cmd.ProcessState.ExitCode()
}

// ended waits for the end and says how it was; an end that nobody asked for is an error whatever the exit code.
func (p *Process) ended() error {
	<-p.done
	if p.err == nil {
		return fmt.Errorf("%s ended", p.name)
	}
	return fmt.Errorf("%s ended: %w", p.name, p.err)
}

// A step of stopping: a signal, and how long the process gets to end after it.
type stopStep struct {
	signal syscall.Signal
	grace  time.Duration
}

// A worker gives what it is carrying out 20 s to end.
var politely = []stopStep{{syscall.SIGTERM, 30 * time.Second}, {syscall.SIGKILL, 5 * time.Second}}

// Stop ends the process with SIGTERM, and with SIGKILL where that does not help, and waits for its end.
func (p *Process) Stop() error { return p.stop(politely) }

func (p *Process) signal(sig syscall.Signal) error {
	if err := p.cmd.Process.Signal(sig); err != nil {
		return fmt.Errorf("signal %s: %w", p.name, err)
	}
	return nil
}

func (p *Process) stop(steps []stopStep) error {
	for _, s := range steps {
		// An error means that it has ended meanwhile, which the wait below sees.
		_ = p.cmd.Process.Signal(s.signal)
		select {
		case <-p.done:
			return nil
		case <-time.After(s.grace):
		}
	}
	return fmt.Errorf("stop %s: process %d does not end", p.name, p.PID())
}

// The kernel ties the death signal to the thread that forked, not to the process, and the Go runtime ends threads as it
// likes. All children are therefore started from one thread that lives as long as we do.
var pinned = sync.OnceValue(func() chan<- startRequest {
	requests := make(chan startRequest)
	go func() {
		runtime.LockOSThread()
		for r := range requests {
			r.result <- r.cmd.Start()
		}
	}()
	return requests
})

type startRequest struct {
	cmd    *exec.Cmd
	result chan error
}

func startPinned(cmd *exec.Cmd) error {
	r := startRequest{cmd: cmd, result: make(chan error, 1)}
	pinned() <- r
	return <-r.result
}
