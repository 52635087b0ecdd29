package keyfile_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/keyfile"
)

// makerOrder makes the test binary a process that makes a key and is killed: the path, and after which step.
const makerOrder = "PATCH_MANAGER_TEST_MAKE"

func TestMain(m *testing.M) {
	path, n, ok := strings.Cut(os.Getenv(makerOrder), "|")
	if !ok {
		os.Exit(m.Run())
	}
	left, _ := strconv.Atoi(n)
	keyfile.AfterStep(func() {
		if left--; left == 0 {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // the signal comes any moment
		}
	})
	_, err := keyfile.Ensure(path, func() ([]byte, error) { return []byte("of the killed one"), nil })
	if err != nil {
		os.Exit(1)
	}
}

// killed makes a key in a process that dies after the n-th step, and says whether it came that far.
func killed(t *testing.T, path string, n int) bool {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0])
	c.Env = append(os.Environ(), makerOrder+"="+path+"|"+strconv.Itoa(n))
	if c.Run() == nil {
		return false
	}
	status, ok := c.ProcessState.Sys().(syscall.WaitStatus)
	require.True(t, ok && status.Signaled(), "step %d", n)
	return true
}

func TestMakingAKeyThatIsKilledAtAnyStepLeavesAWholeFileOrNone(t *testing.T) {
	t.Parallel()
	steps := 0
	for {
		path := filepath.Join(t.TempDir(), "key")
		if !killed(t, path, steps+1) {
			break
		}
		steps++
		key, err := keyfile.Ensure(path, func() ([]byte, error) { return []byte("of the next start"), nil })
		require.NoError(t, err, "step %d", steps)
		require.Contains(t, []string{"of the killed one", "of the next start"}, string(key), "step %d", steps)

		later := time.Now().Add(-time.Hour)
		entries, err := os.ReadDir(filepath.Dir(path))
		require.NoError(t, err)
		for _, e := range entries {
			require.NoError(t, os.Chtimes(filepath.Join(filepath.Dir(path), e.Name()), later, later))
		}
		keyfile.Tidy(path)
		entries, err = os.ReadDir(filepath.Dir(path))
		require.NoError(t, err)
		require.Len(t, entries, 1, "step %d: nothing is left beside the key", steps)
	}
	require.Equal(t, 4, steps)
}

func TestWhatSomebodyStillWritesIsNotTidiedAway(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	fresh := filepath.Join(filepath.Dir(path), ".key-123")
	require.NoError(t, os.WriteFile(fresh, []byte("half"), 0o600))
	keyfile.Tidy(path)
	require.FileExists(t, fresh)
}

func TestWhatOthersKeepBesideTheKeyIsNotTidiedAway(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	later := time.Now().Add(-time.Hour)
	for _, name := range []string{".key.bak", ".key", ".keyring", ".key-old", ".key.2.bak", ".key.2-123"} {
		name = filepath.Join(filepath.Dir(path), name)
		require.NoError(t, os.WriteFile(name, []byte("a copy of the key"), 0o600))
		require.NoError(t, os.Chtimes(name, later, later))
	}
	keyfile.Tidy(path)
	entries, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, entries, 5, "all but what the writing of key 2 left")
}
