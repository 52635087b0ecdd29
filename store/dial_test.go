package store_test

import (
	"net"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/patch-manager/patch-manager/store"
	"github.com/patch-manager/patch-manager/store/storetest"
)

func TestAConnectionOfWhichNothingIsAcknowledgedIsGivenUpInSeconds(t *testing.T) {
	t.Parallel()
	conn, err := storetest.New(t).Acquire(t.Context())
	require.NoError(t, err)
	defer conn.Release()
	raw, err := conn.Conn().PgConn().Conn().(*net.TCPConn).SyscallConn()
	require.NoError(t, err)
	var unanswered, idle int
	require.NoError(t, raw.Control(func(fd uintptr) {
		unanswered, err = unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT)
		if err == nil {
			idle, err = unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_KEEPIDLE)
		}
	}))
	require.NoError(t, err)
	require.Equal(t, 10_000, unanswered, "in milliseconds")
	require.Equal(t, 10, idle, "in seconds")
}

func TestADatabaseThatNobodyHearsOfIsDialledAnewInSecondsUnlessItsAddressSaysOtherwise(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]time.Duration{
		"postgres://127.0.0.1:1/none":                   5 * time.Second,
		"postgres://127.0.0.1:1/none?connect_timeout=9": 9 * time.Second,
	} {
		config, err := pgxpool.ParseConfig(address)
		require.NoError(t, err)
		pool, err := store.Connect(t.Context(), config)
		require.NoError(t, err)
		pool.Close()
		require.Equal(t, want, config.ConnConfig.ConnectTimeout)
	}
}

func TestATransactionOfAProcessThatWasStoppedHoldsItsLocksForSeconds(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	var ended string
	require.NoError(t, pool.QueryRow(t.Context(), "show idle_in_transaction_session_timeout").Scan(&ended))
	require.Equal(t, "10s", ended)

	config := pool.Config().Copy()
	config.ConnConfig.RuntimeParams["idle_in_transaction_session_timeout"] = "50ms" // as its address says
	stopped, err := store.Connect(t.Context(), config)
	require.NoError(t, err)
	defer stopped.Close()
	tx, err := stopped.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "lock table jobs")
	require.NoError(t, err)
	waiting, err := pool.Begin(t.Context())
	require.NoError(t, err)
	_, err = waiting.Exec(t.Context(), "lock table jobs")
	require.NoError(t, err)
	require.NoError(t, waiting.Rollback(t.Context()))
	_, err = tx.Exec(t.Context(), "select 1")
	require.Error(t, err)
	require.Error(t, tx.Rollback(t.Context()), "nothing is left of it")
}
