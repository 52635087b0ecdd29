//go:build integration

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/devstack"
	"github.com/patch-manager/patch-manager/store/storetest"
)

// program builds the program once for all tests.
var program = sync.OnceValues(func() (string, error) {
	path := filepath.Join(programDir, "patch-manager")
	out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

var programDir string

func TestMain(m *testing.M) {
	os.Exit(withProgramDir(m))
}

func withProgramDir(m *testing.M) int {
	var err error
	if programDir, err = os.MkdirTemp("", "patch-manager-test-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(programDir)
	return m.Run()
}

// stack is `patch-manager dev` under test, with free ports and a folder with a space in its name.
type stack struct {
	*testing.T
	dir     string
	environ []string
	cmd     *exec.Cmd
	errors  *bytes.Buffer
	ended   chan error
}

func newStack(t *testing.T) *stack {
	t.Helper()
	s := &stack{T: t, dir: filepath.Join(t.TempDir(), "a clone", ".dev")}
	for _, name := range []string{"POSTGRES", "TEMPORAL", "TEMPORAL_UI", "AGENT", "WEB", "CONTROL"} {
		s.environ = append(s.environ, fmt.Sprintf("PATCH_MANAGER_DEV_%s_PORT=%d", name, freePort(t)))
	}
	s.environ = append(s.environ, fmt.Sprintf("PATCH_MANAGER_API__LISTEN=127.0.0.1:%d", freePort(t)))
	t.Cleanup(func() { require.NoError(t, devstack.RemoveState(s.dir)) })
	return s
}

func freePort(t *testing.T) int {
	t.Helper()
	port, err := devstack.FreePort()
	require.NoError(t, err)
	return port
}

// start starts it and returns once it is ready.
func (s *stack) start() {
	s.Helper()
	path, err := program()
	require.NoError(s, err)
	s.cmd = exec.Command(path, "dev", "--dir", s.dir)
	s.cmd.Env = append(os.Environ(), s.environ...)
	s.errors = &bytes.Buffer{}
	s.cmd.Stderr = s.errors
	out, err := s.cmd.StdoutPipe()
	require.NoError(s, err)
	require.NoError(s, s.cmd.Start())
	s.ended = make(chan error, 1)
	s.Cleanup(func() { _ = s.cmd.Process.Kill() })
	ready := make(chan bool, 1)
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if strings.HasPrefix(lines.Text(), "Ctrl-C") {
				ready <- true
			}
		}
		s.ended <- s.cmd.Wait()
		ready <- false
	}()
	require.True(s, <-ready, "it ended: %s", s.errors)
}

func (s *stack) signal(signal os.Signal) error {
	s.Helper()
	require.NoError(s, s.cmd.Process.Signal(signal))
	select {
	case err := <-s.ended:
		return err
	case <-time.After(time.Minute):
		require.Fail(s, "it does not end")
		return nil
	}
}

// processes returns the command lines of all processes that work in the folder.
func (s *stack) processes() []string {
	marks := []string{s.dir}
	if data, err := os.Readlink(filepath.Join(s.dir, "postgres")); err == nil {
		marks = append(marks, data)
	}
	all, err := filepath.Glob("/proc/[0-9]*")
	require.NoError(s, err)
	var found []string
	for _, p := range all {
		if p == fmt.Sprintf("/proc/%d", os.Getpid()) {
			continue
		}
		command, _ := os.ReadFile(filepath.Join(p, "cmdline"))
		environ, _ := os.ReadFile(filepath.Join(p, "environ"))
		for _, mark := range marks {
			if bytes.Contains(command, []byte(mark)) || bytes.Contains(environ, []byte(mark)) {
				found = append(found, strings.ReplaceAll(string(command), "\x00", " "))
				break
			}
		}
	}
	return found
}

func (s *stack) requireNoProcess() {
	s.Helper()
	require.Eventually(s, func() bool { return len(s.processes()) == 0 }, 30*time.Second, 100*time.Millisecond,
		"processes are left: %v", s.processes())
}

// env reads the file that other clients read.
func (s *stack) env() map[string]string {
	s.Helper()
	path := filepath.Join(s.dir, "env")
	info, err := os.Stat(path)
	require.NoError(s, err)
	require.Equal(s, os.FileMode(0o600), info.Mode().Perm())
	content, err := os.ReadFile(path)
	require.NoError(s, err)
	values := map[string]string{}
	for line := range strings.Lines(string(content)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		values[name] = value
	}
	return values
}

// requireSignsIn holds the password that is kept to signing its user in.
func (s *stack) requireSignsIn() {
	s.Helper()
	path := filepath.Join(s.dir, "password")
	info, err := os.Stat(path)
	require.NoError(s, err)
	require.Equal(s, os.FileMode(0o600), info.Mode().Perm())
	password, err := os.ReadFile(path)
	require.NoError(s, err)
	login := map[string]string{"user": "dev", "password": strings.TrimSpace(string(password))}
	var me struct{ Admin bool }
	require.NoError(s, devstack.NewClient(s.env()["PATCH_MANAGER_URL"], "").Do(s.Context(), http.MethodPost, "/login", login, &me))
	require.True(s, me.Admin)
}

func (s *stack) hosts() []devstack.Host {
	s.Helper()
	env := s.env()
	hosts, err := devstack.All[devstack.Host](s.Context(), devstack.NewClient(env["PATCH_MANAGER_URL"], env["PATCH_MANAGER_TOKEN"]), "/hosts")
	require.NoError(s, err)
	return hosts
}

func TestDevRunsEverythingAndLeavesNoProcess(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.start()
	require.Len(t, s.hosts(), demoHosts)
	for _, name := range []string{"TEMPORAL_ADDRESS", "DATABASE_URL"} {
		require.NotEmpty(t, s.env()[name])
	}
	for _, name := range []string{"ca.pem", "ca-key.pem", "client.pem", "client-key.pem"} {
		require.FileExists(t, filepath.Join(s.dir, "pki", name))
	}
	s.requireSignsIn()
	require.NotEmpty(t, s.processes())
	require.NoError(t, s.signal(syscall.SIGTERM))
	s.requireNoProcess()
}

func TestDevKeepsItsStateAndStartsAgainWithinTenSeconds(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.start()
	env := s.env()
	require.NoError(t, devstack.NewClient(env["PATCH_MANAGER_URL"], env["PATCH_MANAGER_TOKEN"]).
		Do(t.Context(), http.MethodDelete, "/hosts/"+s.hosts()[0].ID, nil, nil))
	left := s.hosts()
	require.Len(t, left, demoHosts-1)
	require.NoError(t, s.signal(syscall.SIGINT))

	// Another port moves the simulated hosts, and what is registered follows.
	port := freePort(t)
	s.environ = append(s.environ, fmt.Sprintf("PATCH_MANAGER_DEV_AGENT_PORT=%d", port))
	for i := range left {
		left[i].AgentPort = port
	}
	began := time.Now()
	s.start()
	took := time.Since(began)
	require.Equal(t, env["PATCH_MANAGER_TOKEN"], s.env()["PATCH_MANAGER_TOKEN"])
	require.Equal(t, left, s.hosts())
	s.requireSignsIn()
	require.NoError(t, s.signal(syscall.SIGINT))
	// Other tests share the machine; alone it takes a third of this.
	require.Less(t, took, 30*time.Second)
}

func TestDevThatIsKilledLeavesNoProcessAndStartsAgain(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.start()
	require.Error(t, s.signal(syscall.SIGKILL))
	s.requireNoProcess()
	s.start()
	require.Len(t, s.hosts(), demoHosts)
	require.NoError(t, s.signal(syscall.SIGTERM))
}

func TestDevEndsWhenAPartOfItDies(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.start()
	for _, line := range s.processes() {
		require.NotEmpty(t, line)
	}
	killed := killWhere(t, s, "worker")
	require.Equal(t, 1, killed)
	select {
	case err := <-s.ended:
		require.Error(t, err)
	case <-time.After(time.Minute):
		require.Fail(t, "it does not end")
	}
	require.Contains(t, s.errors.String(), "worker ended")
	s.requireNoProcess()
}

func TestDevUsesTheServersThatItIsGiven(t *testing.T) {
	t.Parallel()
	temporal, err := devstack.StartTemporal(t.Context(), devstack.TemporalConfig{Dir: t.TempDir(), InMemory: true, UIPort: -1})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, temporal.Stop()) })
	database := storetest.Empty(t)
	s := newStack(t)
	s.environ = append(s.environ, "PATCH_MANAGER_DATABASE__URL="+database, "TEMPORAL_ADDRESS="+temporal.Address())

	s.start()
	require.Equal(t, temporal.Address(), s.env()["TEMPORAL_ADDRESS"])
	require.Equal(t, database, s.env()["DATABASE_URL"])
	require.Len(t, s.hosts(), demoHosts)
	require.NoFileExists(t, filepath.Join(s.dir, "postgres"))
	require.NoFileExists(t, filepath.Join(s.dir, "temporal", "temporal.db"))
	require.NoError(t, s.signal(syscall.SIGTERM))
	s.requireNoProcess()
	// As with another database, which does not know the password that is kept.
	require.NoError(t, os.WriteFile(filepath.Join(s.dir, "password"), []byte("of another database\n"), 0o600))
	s.start()
	require.Len(t, s.hosts(), demoHosts)
	s.requireSignsIn()
	require.NoError(t, s.signal(syscall.SIGTERM))
}

func TestDevPassesSettingsOnAndRefusesUnknownOnes(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.environ = append(s.environ, "PATCH_MANAGER_LOG__FORMAT=json")
	s.start()
	log, err := os.ReadFile(filepath.Join(s.dir, "log", "api.log"))
	require.NoError(t, err)
	require.Equal(t, byte('{'), log[0])
	require.NoError(t, s.signal(syscall.SIGTERM))

	path, err := program()
	require.NoError(t, err)
	cmd := exec.Command(path, "dev", "--dir", s.dir)
	cmd.Env = append(append(os.Environ(), s.environ...), "PATCH_MANAGER_GATE__RETRY_INTERVALL=4s")
	out, err := cmd.CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "gate.retry_intervall")
	require.NotContains(t, string(out), "starting")
}

// killWhere kills the product's processes that run the subcommand.
func killWhere(t *testing.T, s *stack, subcommand string) int {
	t.Helper()
	path, err := program()
	require.NoError(t, err)
	killed := 0
	all, err := filepath.Glob("/proc/[0-9]*")
	require.NoError(t, err)
	for _, p := range all {
		command, _ := os.ReadFile(filepath.Join(p, "cmdline"))
		environ, _ := os.ReadFile(filepath.Join(p, "environ"))
		if string(command) != path+"\x00"+subcommand+"\x00" || !bytes.Contains(environ, []byte(s.dir)) {
			continue
		}
		var pid int
		_, err := fmt.Sscanf(p, "/proc/%d", &pid)
		require.NoError(t, err)
		require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
		killed++
	}
	return killed
}

func TestDevRefusesATakenPortByItsSetting(t *testing.T) {
	t.Parallel()
	path, err := program()
	require.NoError(t, err)
	for i, setting := range []string{
		"PATCH_MANAGER_DEV_POSTGRES_PORT", "PATCH_MANAGER_DEV_TEMPORAL_PORT", "PATCH_MANAGER_DEV_TEMPORAL_UI_PORT",
		"PATCH_MANAGER_DEV_AGENT_PORT", "PATCH_MANAGER_DEV_WEB_PORT", "PATCH_MANAGER_DEV_CONTROL_PORT", "PATCH_MANAGER_API__LISTEN",
	} {
		s := newStack(t)
		l, err := net.Listen("tcp", "0.0.0.0:0")
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, l.Close()) })
		value := fmt.Sprint(l.Addr().(*net.TCPAddr).Port)
		if i == 6 {
			value = "127.0.0.1:" + value
		}
		cmd := exec.Command(path, "dev", "--dir", s.dir)
		cmd.Env = append(append(os.Environ(), s.environ...), setting+"="+value)
		out, err := cmd.CombinedOutput()
		require.Error(t, err, setting)
		require.Contains(t, string(out), setting)
		s.requireNoProcess()
	}
}
