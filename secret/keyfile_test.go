package secret_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/secret"
	"github.com/patch-manager/patch-manager/store"
	"github.com/patch-manager/patch-manager/store/storetest"
)

// starterOrder makes the test binary one of many processes that start at once: the path of the key, and the database.
const starterOrder = "PATCH_MANAGER_TEST_START"

func TestMain(m *testing.M) {
	for order, carryOut := range map[string]func(string) error{starterOrder: startOnce, crasherOrder: rotateAndCrash} {
		if what := os.Getenv(order); what != "" {
			if err := carryOut(what); err != nil {
				_, _ = os.Stderr.WriteString(err.Error())
				os.Exit(1)
			}
			os.Exit(0)
		}
	}
	os.Exit(m.Run())
}

// startOnce opens the key without knowing of the other processes, and writes down a password that it sealed.
func startOnce(order string) error {
	path, url, _ := strings.Cut(order, "|")
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return err
	}
	pool, err := store.Connect(context.Background(), config)
	if err != nil {
		return err
	}
	defer pool.Close()
	_, _ = os.Stdin.Read(make([]byte, 1)) // ends for all at once
	k, err := secret.Open(context.Background(), path, store.New(pool, storetest.AuditKey))
	if err != nil {
		return err
	}
	sealed, err := k.Seal(context.Background(), fleet.NewSecret("hunter2"), at(starterCheck, starterHost))
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(append(sealed.Nonce, sealed.Ciphertext...))
	return err
}

const (
	starterCheck = "0199aaaa-bbbb-7ccc-8ddd-eeeeffff0001"
	starterHost  = "0199aaaa-bbbb-7ccc-8ddd-eeeeffff0002"
	nonceSize    = 12
)

func requireOneKey(t *testing.T, path string) {
	t.Helper()
	files, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, files, 1, "nothing is left beside the key")
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode())
	require.EqualValues(t, 32, info.Size())
}

func TestFiftyProcessesStartingTogetherEndWithOneKey(t *testing.T) {
	t.Parallel()
	v := &vault{T: t, pool: storetest.New(t), path: keyPath(t)}
	v.store = store.New(v.pool, storetest.AuditKey)
	gate, release, err := os.Pipe()
	require.NoError(t, err)
	outputs := make([]strings.Builder, 50)
	var processes []*exec.Cmd
	for i := range outputs {
		c := exec.CommandContext(t.Context(), os.Args[0])
		c.Env = append(os.Environ(), starterOrder+"="+v.path+"|"+v.pool.Config().ConnString())
		c.Stdin, c.Stdout, c.Stderr = gate, &outputs[i], os.Stderr
		require.NoError(t, c.Start())
		processes = append(processes, c)
	}
	require.NoError(t, release.Close())
	require.NoError(t, gate.Close())
	for _, c := range processes {
		require.NoError(t, c.Wait())
	}
	requireOneKey(t, v.path)
	require.Equal(t, []int16{1}, v.keyIDs())
	require.Equal(t, 1, v.count(`select count(*) from audit_entries where action = 'key.create'`))
	k := open(t, v.path, v.store)
	for i := range outputs {
		out := []byte(outputs[i].String())
		got, err := k.Open(t.Context(), fleet.SealedPassword{Nonce: out[:nonceSize], Ciphertext: out[nonceSize:], KeyID: 1}, at(starterCheck, starterHost))
		require.NoError(t, err)
		require.Equal(t, "hunter2", got.Reveal())
	}
}

func TestFiftyStartsInOneProcessEndWithOneKeyAndOneCanary(t *testing.T) {
	t.Parallel()
	path, store := keyPath(t), &canaries{}
	errs := make([]error, 50)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { _, errs[i] = secret.Open(t.Context(), path, store) })
	}
	wg.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	requireOneKey(t, path)
	require.Len(t, store.stored, 1)
}

func TestNewKeysDiffer(t *testing.T) {
	t.Parallel()
	a, b := keyPath(t), keyPath(t)
	open(t, a, &canaries{})
	open(t, b, &canaries{})
	first, err := os.ReadFile(a)
	require.NoError(t, err)
	second, err := os.ReadFile(b)
	require.NoError(t, err)
	require.NotEqual(t, first, second)
}

// placed puts a file of n bytes and a mode where the key belongs.
func placed(t *testing.T, n int, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "health-check.key")
	require.NoError(t, os.WriteFile(path, make([]byte, n), 0o600))
	require.NoError(t, os.Chmod(path, mode))
	return path
}

func requireRefused(t *testing.T, path, rule string) {
	t.Helper()
	_, err := secret.Open(t.Context(), path, &canaries{})
	require.ErrorContains(t, err, rule)
	require.ErrorContains(t, err, path)
}

func TestKeyThatOthersMayReadOrWriteRefusesToStart(t *testing.T) {
	t.Parallel()
	for _, mode := range []os.FileMode{0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o644, 0o666, 0o700, 0o777, 0o600 | os.ModeSetuid} {
		requireRefused(t, placed(t, 32, mode), "must be 0600")
	}
	for _, mode := range []os.FileMode{0o600, 0o400} {
		open(t, placed(t, 32, mode), &canaries{})
	}
}

func TestKeyOfTheWrongLengthRefusesToStart(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 31, 33, 64} {
		requireRefused(t, placed(t, n, 0o600), "must have 32")
	}
}

func TestKeyThatIsASymbolicLinkRefusesToStart(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "health-check.key")
	require.NoError(t, os.Symlink(placed(t, 32, 0o600), path))
	requireRefused(t, path, "symbolic link")
	dangling := filepath.Join(t.TempDir(), "health-check.key")
	target := filepath.Join(t.TempDir(), "target")
	require.NoError(t, os.Symlink(target, dangling))
	requireRefused(t, dangling, "symbolic link")
	require.NoFileExists(t, target)
}

func TestKeyThatIsNoRegularFileRefusesToStartAndDoesNotHang(t *testing.T) {
	t.Parallel()
	requireRefused(t, t.TempDir(), "not a regular file")
	pipe := filepath.Join(t.TempDir(), "health-check.key")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	requireRefused(t, pipe, "not a regular file")
}

func TestKeyOfAnotherUserRefusesToStart(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can give a file away")
	}
	path := placed(t, 32, 0o600)
	require.NoError(t, os.Chown(path, 65534, 65534))
	requireRefused(t, path, "belongs to user 65534")
}

func TestKeyThatCanNotBeReadRefusesToStart(t *testing.T) {
	t.Parallel()
	path, refused := placed(t, 32, 0), make(chan error, 1)
	go func() {
		if os.Geteuid() == 0 { // who reads everything, unless this thread gives that up; it ends with us, being locked
			runtime.LockOSThread()
			const nobody = 65534
			_, _, _ = syscall.RawSyscall(syscall.SYS_SETFSUID, nobody, 0, 0)
		}
		_, err := secret.Open(context.Background(), path, &canaries{})
		refused <- err
	}()
	require.ErrorContains(t, <-refused, "permission denied")
}

func TestKeyThatCanNotBeMadeRefusesToStart(t *testing.T) {
	t.Parallel()
	requireRefused(t, filepath.Join(placed(t, 32, 0o600), "health-check.key"), "not a directory")
}
