package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/devstack"
	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store"
	"github.com/patch-manager/patch-manager/store/storetest"
)

// run carries a command line out as main does and returns what it printed. Unless the test says otherwise, audit entries
// are chained with the key of tests.
func run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	return runWith(t, "", args...)
}

// runWith is run with what the command reads.
func runWith(t *testing.T, in string, args ...string) (string, error) {
	t.Helper()
	root := newRoot()
	root.SetIn(strings.NewReader(in))
	command, _, err := root.Find(args)
	require.NoError(t, err)
	given := func(arg string) bool { return strings.HasPrefix(arg, "--keys.audit=") }
	if command.Flags().Lookup("keys.audit") != nil && !slices.ContainsFunc(args, given) {
		args = append(args, "--keys.audit="+storetest.AuditKeyFile(t))
	}
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetArgs(args)
	err = root.ExecuteContext(context.Background())
	return out.String(), err
}

func TestATokenMadeOnTheCommandLineOpensTheDoor(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	address := "--database.url=" + pool.Config().ConnString()

	printed, err := run(t, "token", "create", "--user", "ada", "--role", "admin", address)
	require.NoError(t, err)
	token := printed[:len(printed)-1]
	require.Regexp(t, "^"+fleet.TokenPrefix, token)
	who, err := store.New(pool, storetest.AuditKey).Authenticate(context.Background(), token)
	require.NoError(t, err)
	require.Equal(t, "ada", who.Name)
	require.True(t, who.Admin)
}

func TestATokenNeedsAnExistingGroup(t *testing.T) {
	t.Parallel()
	address := "--database.url=" + storetest.New(t).Config().ConnString()
	_, err := run(t, "token", "create", "--user", "bob", "--role", "viewer", "--group", "nobody's", address)
	require.ErrorContains(t, err, "nobody's")
}

func TestMigrateSaysWhatItApplied(t *testing.T) {
	t.Parallel()
	address := "--database.url=" + storetest.Empty(t)
	_, err := run(t, "token", "create", "--user", "ada", "--role", "admin", address)
	require.ErrorContains(t, err, "patch-manager migrate")

	printed, err := run(t, "migrate", address)
	require.NoError(t, err)
	require.Contains(t, printed, "applied 0001_access.sql")
	printed, err = run(t, "migrate", address)
	require.NoError(t, err)
	require.Contains(t, printed, "up to date")
}

func TestMigrateWaitsForADatabaseThatDoesNotAnswerYetAsLongAsItIsTold(t *testing.T) {
	t.Parallel()
	port, err := devstack.FreePort()
	require.NoError(t, err)
	_, err = run(t, "migrate", "--wait=300ms", "--database.url=postgres://x@"+devstack.Address(port)+"/x")
	require.ErrorContains(t, err, "has not answered for 300ms")

	database, err := url.Parse(storetest.Empty(t))
	require.NoError(t, err)
	starting := database.Host
	database.Host = answersLater(t, starting)
	printed, err := run(t, "migrate", "--wait=1m", "--database.url="+database.String())
	require.NoError(t, err)
	require.Contains(t, printed, "applied 0001_access.sql")
}

// answersLater is an address that drops the first connections and leads to another one from then on.
func answersLater(t *testing.T, to string) string {
	t.Helper()
	front, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { front.Close() })
	go func() {
		for n := 0; ; n++ {
			in, err := front.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if err != nil || n < 2 {
				in.Close()
				continue
			}
			go func() { defer out.Close(); _, _ = io.Copy(out, in) }()
			go func() { defer in.Close(); _, _ = io.Copy(in, out) }()
		}
	}()
	return front.Addr().String()
}

func TestAnUnknownSettingStopsEveryCommand(t *testing.T) {
	t.Parallel()
	_, err := run(t, "migrate", "--gate.retry_intervall=4s")
	require.ErrorContains(t, err, "gate.retry_intervall")
}
