package devstack_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/devstack"
)

// The helper is this test binary started once more, to be killed.
const helperDir = "DEVSTACK_TEST_POSTGRES_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(helperDir); dir != "" {
		os.Exit(helper(dir))
	}
	os.Exit(m.Run())
}

func helper(dir string) int {
	pg, err := devstack.StartPostgres(context.Background(), postgresIn(dir))
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println(pg.PID())
	<-pg.Done()
	return 0
}

func postgresIn(dir string) devstack.PostgresConfig {
	return devstack.PostgresConfig{Dir: dir, Database: "app", Throwaway: true}
}

// newDir is a folder for data, with a space in its path, removed after the test.
func newDir(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "a clone", "postgres")
	t.Cleanup(func() { require.NoError(t, devstack.RemovePostgres(dir)) })
	return dir
}

func startPostgres(t *testing.T, c devstack.PostgresConfig) *devstack.Postgres {
	t.Helper()
	pg, err := devstack.StartPostgres(context.Background(), c)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, pg.Stop()) })
	return pg
}

func exec1(t *testing.T, url, sql string) {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), url)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(context.Background(), sql)
	require.NoError(t, err)
}

func requireGone(t *testing.T, pid int) {
	t.Helper()
	require.Eventually(t, func() bool { return syscall.Kill(pid, 0) == syscall.ESRCH }, 20*time.Second, 20*time.Millisecond,
		"process %d is still there", pid)
}

func TestPostgresKeepsItsDataOverAStopAndLeavesNoProcess(t *testing.T) {
	t.Parallel()
	c := postgresIn(newDir(t))
	first := startPostgres(t, c)
	exec1(t, first.URL(), "create table kept (n int)")
	require.NoError(t, first.Stop())
	requireGone(t, first.PID())

	second := startPostgres(t, c)
	exec1(t, second.URL(), "insert into kept values (1)")
}

func TestPostgresEndsWithItsParentHoweverThatEnds(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), helperDir+"="+dir)
	out, err := parent.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, parent.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	require.NoError(t, err, line)

	require.NoError(t, parent.Process.Kill())
	require.Error(t, parent.Wait())
	requireGone(t, pid)
	startPostgres(t, postgresIn(dir))
}

func TestPostgresStartsOverAStaleProcessIDFile(t *testing.T) {
	t.Parallel()
	c := postgresIn(newDir(t))
	first := startPostgres(t, c)
	pidFile := filepath.Join(c.Dir, "data", "postmaster.pid")
	stale, err := os.ReadFile(pidFile)
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(first.PID(), syscall.SIGKILL))
	<-first.Done()

	// As left by a kill, and naming a process that lives: our own.
	lines := strings.SplitN(string(stale), "\n", 2)
	require.NoError(t, os.WriteFile(pidFile, []byte(strconv.Itoa(os.Getpid())+"\n"+lines[1]), 0o600))
	startPostgres(t, c)
}

func TestASecondServerOnTheSameDataIsRefused(t *testing.T) {
	t.Parallel()
	c := postgresIn(newDir(t))
	startPostgres(t, c)
	c.Wait = time.Millisecond
	_, err := devstack.StartPostgres(context.Background(), c)
	require.ErrorIs(t, err, devstack.ErrInUse)
}

func TestATakenPortNamesTheSettingThatChoosesAnother(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	c := postgresIn(newDir(t))
	c.Port, c.PortSetting = l.Addr().(*net.TCPAddr).Port, "SOME_PORT"
	_, err = devstack.StartPostgres(context.Background(), c)
	require.ErrorContains(t, err, "taken")
	require.ErrorContains(t, err, "SOME_PORT")
}

func TestARemovedFolderStartsAfresh(t *testing.T) {
	t.Parallel()
	c := postgresIn(newDir(t))
	first := startPostgres(t, c)
	exec1(t, first.URL(), "create table kept (n int)")
	require.NoError(t, first.Stop())
	require.NoError(t, os.RemoveAll(c.Dir))

	second := startPostgres(t, c)
	exec1(t, second.URL(), "create table kept (n int)")
}

func TestDataOfAnotherMajorVersionIsRefusedByName(t *testing.T) {
	t.Parallel()
	c := postgresIn(newDir(t))
	require.NoError(t, startPostgres(t, c).Stop())
	require.NoError(t, os.WriteFile(filepath.Join(c.Dir, "data", "PG_VERSION"), []byte("9\n"), 0o600))
	_, err := devstack.StartPostgres(context.Background(), c)
	require.ErrorContains(t, err, "made by PostgreSQL 9")
}
