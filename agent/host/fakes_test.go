package host

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/agent"
)

// exit is the failure of a program with an exit code, as os/exec reports it.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit status %d", int(e)) }
func (e exit) ExitCode() int { return int(e) }

// fakeCommands stands in for apt and dpkg. Programs without an answer of their own succeed and print nothing.
type fakeCommands struct {
	mu      sync.Mutex
	ran     []string
	outputs map[string]string // by the beginning of the command line
	fails   map[string]error
	onStart func(ctx context.Context, line string, c Command) error
}

func (f *fakeCommands) record(c Command) string {
	line := strings.Join(append([]string{c.Path}, c.Args...), " ")
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ran = append(f.ran, line)
	return line
}

func (f *fakeCommands) lines(containing string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(f.ran), func(l string) bool { return !strings.Contains(l, containing) })
}

func (f *fakeCommands) Output(_ context.Context, c Command) ([]byte, error) {
	line := f.record(c)
	for beginning, err := range f.fails {
		if strings.HasPrefix(line, beginning) {
			return nil, &CommandError{Name: c.Path, Err: err}
		}
	}
	for beginning, out := range f.outputs {
		if strings.HasPrefix(line, beginning) {
			return []byte(out), nil
		}
	}
	return nil, nil
}

func (f *fakeCommands) Start(ctx context.Context, c Command) error {
	line := f.record(c)
	if f.onStart == nil {
		return nil
	}
	return f.onStart(ctx, line, c)
}

// fakeSystemd keeps the units that it was asked to start running until end is called.
type fakeSystemd struct {
	mu         sync.Mutex
	units      map[string]Unit
	running    map[string]bool
	started    []string
	inhibitors []string
	inhibiting bool
	reboots    int
	broken     error
	onStart    func(unit string) error
}

func (f *fakeSystemd) Unit(_ context.Context, unit string) (Unit, error) {
	if f.broken != nil {
		return Unit{}, f.broken
	}
	u, ok := f.units[unit]
	if !ok {
		return Unit{}, errNoUnit
	}
	return u, nil
}

func (f *fakeSystemd) Running(_ context.Context, unit string) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.running[unit], f.broken
}

func (f *fakeSystemd) StartTransient(_ context.Context, unit, _ string, argv []string) error {
	f.mu.Lock()
	f.started = append(f.started, strings.Join(argv, " "))
	f.mu.Unlock()
	if f.onStart != nil {
		if err := f.onStart(unit); err != nil {
			return err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.running[unit] = true
	return nil
}

func (f *fakeSystemd) Inhibitors(context.Context) ([]string, error) { return f.inhibitors, f.broken }

func (f *fakeSystemd) Inhibit(context.Context, string) (io.Closer, error) {
	if f.broken != nil {
		return nil, f.broken
	}
	f.inhibiting = true
	return f, nil
}

// Close lets go of the lock against shutdowns.
func (f *fakeSystemd) Close() error {
	f.inhibiting = false
	return nil
}

func (f *fakeSystemd) Reboot(context.Context) error {
	f.reboots++
	return f.broken
}

func (f *fakeSystemd) endAll() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.running)
}

// fakeHost is an agent on a host of files.
type fakeHost struct {
	*Agent
	t        *testing.T
	root     string
	commands *fakeCommands
	systemd  *fakeSystemd
	busy     bool
}

func newHost(t *testing.T) *fakeHost {
	t.Helper()
	h := &fakeHost{
		t: t, root: t.TempDir(),
		commands: &fakeCommands{outputs: map[string]string{}, fails: map[string]error{}},
		systemd:  &fakeSystemd{running: map[string]bool{}, units: map[string]Unit{}},
	}
	h.boot("1000")
	h.write("/proc/uptime", "1500.00 3000.00\n")
	h.write("/proc/sys/kernel/random/boot_id", "0b5b0f6e-0000-4000-8000-000000000001\n")
	h.write("/proc/sys/kernel/osrelease", "6.1.0-18-amd64\n")
	h.write("/etc/os-release", "PRETTY_NAME=\"Debian\"\nID=debian\nVERSION_ID=\"12\"\n")
	h.restartAgent()
	return h
}

// restartAgent makes a new agent on what the old one left on disk.
func (h *fakeHost) restartAgent() {
	c := Config{StateDir: filepath.Join(h.root, "state"), Version: "1.2.3", Self: []string{"patch-agent", "--run-job"}, Log: discard()}
	h.Agent = assemble(c, files(h.root), h.commands, h.systemd)
	h.locked = func() (bool, error) { return h.busy, nil }
}

// boot makes process 1 start at a number of ticks after the kernel.
func (h *fakeHost) boot(ticks string) {
	h.write("/proc/1/stat", "1 (init (x) y) S 0 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 "+ticks+" 100 200\n")
}

func (h *fakeHost) write(name, content string) {
	h.t.Helper()
	path := filepath.Join(h.root, name)
	require.NoError(h.t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(h.t, os.WriteFile(path, []byte(content), 0o600))
}

// answer is what the agent said.
type answer struct {
	agent.Envelope
	status int
	header http.Header
}

func (h *fakeHost) ask(method, path, body string, header ...string) answer {
	h.t.Helper()
	r := httptest.NewRequest(method, agent.BasePath+path, strings.NewReader(body))
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.Handler().ServeHTTP(w, r)
	got := answer{status: w.Code, header: w.Header()}
	require.NoError(h.t, json.Unmarshal(w.Body.Bytes(), &got.Envelope), w.Body.String())
	require.Equal(h.t, got.status < 400, got.Success, "success says what the status does")
	require.Regexp(h.t, idPattern, got.RequestID)
	require.WithinDuration(h.t, h.now(), got.Timestamp.Time, time.Minute)
	return got
}

// data decodes the data of an answer of success.
func data[T any](t *testing.T, a answer) T {
	t.Helper()
	var v T
	require.True(t, a.Success, "%d %+v", a.status, a.Error)
	require.Nil(t, a.Error)
	require.NoError(t, json.Unmarshal(a.Data, &v))
	return v
}

func (h *fakeHost) refused(a answer, status int, code string) {
	h.t.Helper()
	require.Equal(h.t, status, a.status)
	require.NotNil(h.t, a.Error)
	require.Equal(h.t, code, a.Error.Code, a.Error.Message)
}

func (h *fakeHost) job(id string) agent.Job {
	h.t.Helper()
	return data[agent.Job](h.t, h.ask(http.MethodGet, "/jobs/"+id, ""))
}

func (h *fakeHost) apply(body string, header ...string) agent.JobAccepted {
	h.t.Helper()
	a := h.ask(http.MethodPost, "/patches/apply", body, header...)
	require.Equal(h.t, http.StatusAccepted, a.status, "%+v", a.Error)
	return data[agent.JobAccepted](h.t, a)
}

// carryOut runs a job's unit to its end.
func (h *fakeHost) carryOut(id string) {
	h.t.Helper()
	require.NoError(h.t, h.run(h.t.Context(), id))
	h.systemd.endAll()
}

func print(t *testing.T, w io.Writer, text string) {
	t.Helper()
	_, err := io.WriteString(w, text)
	require.NoError(t, err)
}
