package host

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/agent"
)

func TestEachBootOfAHostOrContainerIsToldFromTheNext(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	first, err := h.files.bootID()
	require.NoError(t, err)
	h.boot("2000")
	container, err := h.files.bootID()
	require.NoError(t, err)
	require.NotEqual(t, first, container)
	h.write("/proc/sys/kernel/random/boot_id", "another\n")
	kernel, err := h.files.bootID()
	require.NoError(t, err)
	require.NotEqual(t, container, kernel)
}

func TestBrokenFactsAreErrorsAndNoPanics(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	for _, stat := range []string{"", "1", "1 (x) S", "1 (x) S 0 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 z 100 200"} {
		h.write("/proc/1/stat", stat)
		_, err := h.files.bootID()
		require.Error(t, err, stat)
		_, err = h.files.uptime()
		require.Error(t, err, stat)
	}
	h.boot("1")
	h.write("/proc/sys/kernel/random/boot_id", "")
	_, err := h.files.bootID()
	require.Error(t, err)
	h.write("/proc/uptime", "x")
	_, err = h.files.uptime()
	require.Error(t, err)
}

func TestANewerKernelOfTheSameFlavourRequiresAReboot(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	require.Empty(t, h.files.rebootReasons())
	h.write("/boot/vmlinuz-6.1.0-99-amd64", "")
	require.Empty(t, h.files.rebootReasons(), "the running kernel is not from /boot")
	h.write("/boot/vmlinuz-6.1.0-18-amd64", "")
	require.Equal(t, []string{"kernel 6.1.0-99-amd64 is installed and not running"}, h.files.rebootReasons())
	require.NoError(t, os.Remove(filepath.Join(h.root, "/boot/vmlinuz-6.1.0-99-amd64")))
	h.write("/boot/vmlinuz-6.1.0-9-amd64", "")
	h.write("/boot/vmlinuz-6.1.0-40-cloud-amd64", "")
	require.Empty(t, h.files.rebootReasons(), "an older one and one of another flavour")
}

func TestKernelReleasesAreOrderedByTheirNumbers(t *testing.T) {
	t.Parallel()
	ordered := []string{"5.10.0-9-amd64", "5.10.0-10-amd64", "6.1.0-9-amd64", "6.1.0-18-amd64", "6.1.0-18-amd64-x"}
	for i, a := range ordered {
		for j, b := range ordered {
			got := compareReleases(a, b)
			require.Equal(t, [3]bool{i < j, i == j, i > j}, [3]bool{got < 0, got == 0, got > 0}, "%s %s", a, b)
		}
	}
}

func TestReplacedLibrariesOfInitRequireAReboot(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.write("/proc/1/maps", "7f00-7f01 r-xp 00000000 fe:00 1 /usr/lib/x86_64-linux-gnu/libcrypto.so.3 (deleted)\n"+
		"7f01-7f02 r--p 00000000 fe:00 1 /usr/lib/x86_64-linux-gnu/libcrypto.so.3 (deleted)\n"+
		"7f03-7f04 r-xp 00000000 fe:00 2 /usr/lib/x86_64-linux-gnu/libc.so.6\n"+
		"7f05-7f06 rw-s 00000000 00:01 3 /dev/zero (deleted)\n7f07-7f08 rw-p 00000000 00:00 0\n")
	require.Equal(t, []string{"process 1 still runs replaced code: libcrypto.so.3"}, h.files.rebootReasons())
}

func TestReasonsOfManyPackagesAreBounded(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.write(rebootFlag, "")
	require.Equal(t, []string{"the flag /run/reboot-required is set"}, h.files.rebootReasons())
	var names strings.Builder
	for i := range 21 {
		fmt.Fprintf(&names, "p%02d\n", i)
	}
	h.write(rebootPackaged, names.String())
	require.True(t, strings.HasSuffix(h.files.rebootReasons()[0], "p19 and 1 more"))
}

func TestTheCacheIsAsOldAsItsLastFetchByWhomever(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.write("/var/lib/apt/lists/lock", "")
	state, _ := h.cacheState()
	require.Equal(t, agent.CacheUnknown, state, "a folder without lists was never filled")
	h.write("/var/lib/apt/lists/deb.example_InRelease", "")
	fetched := h.files.modified("/var/lib/apt/lists")
	for age, want := range map[time.Duration]string{staleAge: agent.CacheFresh, staleAge + time.Nanosecond: agent.CacheStale} {
		h.now = func() time.Time { return fetched.Add(age) }
		state, updated := h.cacheState()
		require.Equal(t, want, state)
		require.Equal(t, fetched, updated)
	}
}

func TestListsAreRefreshedWhenOldAndAFailureShows(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.commands.fails["apt-get update"] = exit(100)
	require.NoError(t, os.MkdirAll(h.stateDir, 0o700))
	require.Error(t, h.refresh(t.Context()))
	state, _ := h.cacheState()
	require.Equal(t, agent.CacheFailed, state)
	health, err := h.health(nil)
	require.NoError(t, err)
	require.Equal(t, agent.HealthDegraded, health.(agent.Health).Status)
	delete(h.commands.fails, "apt-get update")
	require.NoError(t, h.refresh(t.Context()))
	require.NoError(t, h.refresh(t.Context()))
	require.Len(t, h.commands.lines("apt-get update"), 2, "fresh lists are left alone")
	h.restartAgent()
	now := time.Now()
	h.now = func() time.Time { return now.Add(refreshAge + time.Second) }
	require.NoError(t, h.refresh(t.Context()))
	require.Len(t, h.commands.lines("apt-get update"), 3)
}

func TestKeepFreshTriesAgainUntilItIsToldToStop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t)
		require.NoError(t, os.MkdirAll(h.stateDir, 0o700))
		h.commands.fails["apt-get update"] = errors.New("mirror is away")
		ctx, cancel := context.WithCancel(t.Context())
		go h.KeepFresh(ctx)
		time.Sleep(2*refreshRetry + time.Second)
		synctest.Wait()
		require.Len(t, h.commands.lines("apt-get update"), 3)
		cancel()
		synctest.Wait()
	})
}

func TestALockOfAnotherProcessIsSeenAndNotTaken(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	held, err := anyLocked(path)
	require.NoError(t, err)
	require.False(t, held, "no file, no lock")
	holder := exec.Command(os.Args[0], "-test.run=^TestHelperHoldsALock$")
	holder.Env = append(os.Environ(), "HOLD_LOCK="+path)
	out, err := holder.StdoutPipe()
	require.NoError(t, err)
	in, err := holder.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, holder.Start())
	_, err = bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	held, err = anyLocked(filepath.Join(filepath.Dir(path), "other"), path)
	require.NoError(t, err)
	require.True(t, held)
	require.NoError(t, in.Close())
	require.NoError(t, holder.Wait())
	held, err = anyLocked(path)
	require.NoError(t, err)
	require.False(t, held)
}

// TestHelperHoldsALock is no test: it is the other process of the one above.
func TestHelperHoldsALock(t *testing.T) {
	t.Parallel()
	path := os.Getenv("HOLD_LOCK")
	if path == "" {
		t.Skip("only for the other process")
	}
	f, err := os.Create(path)
	require.NoError(t, err)
	require.NoError(t, syscall.FcntlFlock(f.Fd(), syscall.F_SETLK, &syscall.Flock_t{Type: syscall.F_WRLCK}))
	fmt.Println("held")
	_, _ = os.Stdin.Read(make([]byte, 1))
	_ = f.Close()
}

func TestProgramsSpeakCAndNeverAsk(t *testing.T) {
	t.Parallel()
	out, err := Programs{}.Output(t.Context(), Command{Path: "env"})
	require.NoError(t, err)
	for _, line := range []string{"DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8", "NEEDRESTART_MODE=l"} {
		require.Contains(t, string(out), line+"\n")
	}
	_, err = Programs{}.Output(t.Context(), Command{Path: "false"})
	code, ran := exitCode(err)
	require.True(t, ran)
	require.Equal(t, 1, code)
	_, err = Programs{}.Output(t.Context(), Command{Path: "no-such-program-here"})
	require.ErrorIs(t, err, exec.ErrNotFound)
}

func TestAProgramThatOutlivesItsTimeIsAskedToStopAndAwaited(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancelled := make(chan error, 1)
	out, err := os.CreateTemp(t.TempDir(), "")
	require.NoError(t, err)
	r, w, err := os.Pipe()
	require.NoError(t, err)
	go func() {
		cancelled <- Programs{}.Start(ctx, Command{
			Path: "bash", Args: []string{"-c", `trap 'echo asked; exit 0' INT; echo ready >&2; while :; do read -t 1 -u 0 || :; done`},
			Stdout: out, Stderr: w,
		})
	}()
	_, err = bufio.NewReader(r).ReadString('\n')
	require.NoError(t, err)
	cancel()
	require.NoError(t, <-cancelled, "its own end counts, not that it was asked")
	text, err := os.ReadFile(out.Name())
	require.NoError(t, err)
	require.Equal(t, "asked\n", string(text))
}
