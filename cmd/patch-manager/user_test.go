package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/access"
	"github.com/patch-manager/patch-manager/store"
	"github.com/patch-manager/patch-manager/store/storetest"
)

func TestTheFirstAdministratorIsMadeOnTheCommandLineWithAPasswordFromItsInput(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	url := "--database.url=" + pool.Config().ConnString()
	var offered bytes.Buffer
	require.NoError(t, offerSetup(t.Context(), store.New(pool, storetest.AuditKey), &offered))
	require.Regexp(t, `\n    [A-Za-z0-9_-]{43}\n`, offered.String())

	printed, err := runWith(t, "correct horse battery\n", "user", "create", "--name", "Ada", "--admin", url)
	require.NoError(t, err)
	require.Empty(t, printed)
	account, err := store.New(pool, storetest.AuditKey).Account(t.Context(), "ada", "")
	require.NoError(t, err)
	passwords, err := access.NewPasswords(1)
	require.NoError(t, err)
	same, err := passwords.Verify(t.Context(), "correct horse battery", account.PasswordHash)
	require.NoError(t, err)
	require.True(t, same)
	printed, err = runWith(t, "", "user", "list", url)
	require.NoError(t, err)
	require.Regexp(t, `Ada +yes +no +yes +never`, printed)

	offered.Reset()
	require.NoError(t, offerSetup(t.Context(), store.New(pool, storetest.AuditKey), &offered))
	require.Empty(t, offered.String(), "no code once there is an administrator")
}

func TestUsersAreGivenPasswordsAndDisabledOnTheCommandLine(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	db, url := store.New(pool, storetest.AuditKey), "--database.url="+pool.Config().ConnString()
	for in, rule := range map[string]string{"short\n": "at least 12", "a name of twelve": "name of the user", "": "at least 12"} {
		_, err := runWith(t, in, "user", "create", "--name", "a name of twelve", url)
		require.ErrorContains(t, err, rule)
	}
	_, err := runWith(t, "correct horse battery", "user", "create", "--name", "ada", url)
	require.NoError(t, err)
	before, err := db.Account(t.Context(), "ada", "")
	require.NoError(t, err)
	_, err = runWith(t, "another horse battery\r\n", "user", "password", "--name", "ADA", url)
	require.NoError(t, err)
	after, err := db.Account(t.Context(), "ada", "")
	require.NoError(t, err)
	require.NotEqual(t, before.PasswordHash, after.PasswordHash)

	_, err = runWith(t, "", "user", "disable", "--name", "ada", url)
	require.NoError(t, err)
	account, err := db.Account(t.Context(), "ada", "")
	require.NoError(t, err)
	require.Empty(t, account.PasswordHash, "nobody signs in without one")
	_, err = runWith(t, "", "user", "enable", "--name", "ada", url)
	require.NoError(t, err)
	account, err = db.Account(t.Context(), "ada", "")
	require.NoError(t, err)
	require.Equal(t, after, account)
	_, err = runWith(t, "", "user", "disable", "--name", "nobody", url)
	require.ErrorContains(t, err, "user not found")

	_, err = runWith(t, "correct horse battery", "user", "create", "--name", "root", "--admin", url)
	require.NoError(t, err)
	_, err = runWith(t, "", "user", "disable", "--name", "root", url)
	require.ErrorContains(t, err, "last enabled administrator")
}

func TestAReadOnlyTokenIsMadeOnTheCommandLine(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	printed, err := run(t, "token", "create", "--user", "ada", "--role", "admin", "--read-only", "--database.url="+pool.Config().ConnString())
	require.NoError(t, err)
	who, err := store.New(pool, storetest.AuditKey).Authenticate(t.Context(), strings.TrimSpace(printed))
	require.NoError(t, err)
	require.True(t, who.Credential.ReadOnly)
}

func TestTheAPIDoesNotStartWhereItWouldTakePasswordsInTheClear(t *testing.T) {
	t.Parallel()
	_, err := run(t, "api", "--api.listen=0.0.0.0:8080", "--database.url=postgres://nobody@127.0.0.1:1/none")
	require.ErrorContains(t, err, "api.public_url")
}
