package secret_test

import (
	"context"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/secret"
	"github.com/patch-manager/patch-manager/store"
	"github.com/patch-manager/patch-manager/store/storetest"
)

// crasherOrder makes the test binary a rotation that is killed: the path of the key, the database, and before or after
// which statement.
const crasherOrder = "PATCH_MANAGER_TEST_ROTATION"

// crash kills this process without a word at the n-th beginning or end of a statement.
type crash struct{ left atomic.Int64 }

func (c *crash) step() {
	if c.left.Add(-1) == 0 {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // the signal comes any moment
	}
}

func (c *crash) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	c.step()
	return ctx
}

func (c *crash) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) { c.step() }

// rotateAndCrash is what the child process does; it ends in order where there are fewer statements than n.
func rotateAndCrash(order string) error {
	path, rest, _ := strings.Cut(order, "|")
	url, n, _ := strings.Cut(rest, "|")
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return err
	}
	var at crash
	left, err := strconv.ParseInt(n, 10, 64)
	if err != nil {
		return err
	}
	at.left.Store(left)
	config.ConnConfig.Tracer = &at
	pool, err := store.Connect(context.Background(), config)
	if err != nil {
		return err
	}
	defer pool.Close()
	_, err = secret.Rotate(context.Background(), store.New(pool, storetest.AuditKey), secret.Rotation{
		Path: path, Places: secret.Places(), By: fleet.Actor{Name: "root"}, Batch: 2,
	})
	return err
}

// crashed runs a rotation in a process of its own that dies at the n-th step, and says whether it came that far.
func (v *vault) crashed(n int) bool {
	v.Helper()
	c := exec.CommandContext(v.Context(), os.Args[0])
	c.Env = append(os.Environ(), crasherOrder+"="+strings.Join([]string{v.path, v.pool.Config().ConnString(), strconv.Itoa(n)}, "|"))
	out, err := c.CombinedOutput()
	if err == nil {
		return false
	}
	status, ok := c.ProcessState.Sys().(syscall.WaitStatus)
	require.True(v, ok && status.Signaled() && status.Signal() == syscall.SIGKILL, "step %d: %v: %s", n, err, out)
	return true
}

func TestRotationKilledAtAnyStepIsEndedByTheNextAndEveryPasswordOpens(t *testing.T) {
	t.Parallel()
	v := newVault(t, 3)
	steps := 0
	for v.crashed(steps + 1) {
		steps++
		v.requireReadable()
		var done secret.Rotated
		require.Eventually(t, func() (ended bool) { // the server may not know yet that the one with the lock is gone
			var err error
			done, err = v.rotate()
			return err == nil
		}, 10*time.Second, 5*time.Millisecond, "step %d", steps)
		require.Equal(t, []int16{done.KeyID}, v.keyIDs(), "step %d", steps)
		v.requireOpen(done.KeyID)
	}
	require.Greater(t, steps, 30, "the lock, the schema, the keys, two transactions for each batch, the end")
	t.Logf("killed at each of %d steps", steps)
}

// requireReadable holds that each password opens while a rotation is unfinished.
func (v *vault) requireReadable() {
	v.Helper()
	fresh := open(v, v.path, v.store)
	for _, c := range v.checks {
		stored, err := v.stored(v.Context(), c)
		require.NoError(v, err)
		for _, keys := range []*secret.Keyring{v.keys, fresh} {
			got, err := keys.Open(v.Context(), *stored.Password, c)
			require.NoError(v, err)
			require.Equal(v, text(c, 0), got.Reveal())
		}
	}
}
