package main

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/activities"
	"github.com/patch-manager/patch-manager/store"
	"github.com/patch-manager/patch-manager/store/storetest"
)

// audited is a database with three audit entries, as the flags of a command.
func audited(t *testing.T) (*pgxpool.Pool, []string) {
	t.Helper()
	pool := storetest.New(t)
	flags := []string{"--database.url=" + pool.Config().ConnString(), "--keys.audit=" + storetest.AuditKeyFile(t)}
	for _, user := range []string{"ada", "bob", "eve"} {
		_, err := run(t, append([]string{"token", "create", "--user", user, "--role", "admin"}, flags...)...)
		require.NoError(t, err)
	}
	return pool, flags
}

// tamper carries a statement out as the owner without triggers.
func tamper(t *testing.T, pool *pgxpool.Pool, statement string) {
	t.Helper()
	owner := storetest.Owner(t, pool)
	for _, sql := range []string{`alter table audit_entries disable trigger user`, statement} {
		_, err := owner.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
}

func TestAuditVerifySaysWhatWasDoneAndFails(t *testing.T) {
	t.Parallel()
	pool, flags := audited(t)
	verify := append([]string{"audit", "verify"}, flags...)
	printed, err := run(t, verify...)
	require.NoError(t, err)
	require.Regexp(t, `^read 3 entries in \S+, \d+ a second, against 0 checkpoints\nthe newest is 3:[0-9a-f]{64}\n$`, printed)
	head := regexp.MustCompile(`3:[0-9a-f]{64}`).FindString(printed)

	printed, err = run(t, append(verify, "--checkpoint", head)...)
	require.NoError(t, err)
	require.Contains(t, printed, "against 1 checkpoints")
	_, err = run(t, append(verify, "--checkpoint", "3:ab")...)
	require.ErrorContains(t, err, "--checkpoint: ")

	tamper(t, pool, `delete from audit_entries where seq = 3`)
	_, err = run(t, verify...)
	require.NoError(t, err, "a cut end shows against a checkpoint alone")
	printed, err = run(t, append(verify, "--checkpoint", head)...)
	require.Error(t, err)
	require.Contains(t, printed, "a checkpoint saw entry 3, the last one is 2")
	tamper(t, pool, `update audit_entries set actor_name = 'nobody' where seq = 1`)
	printed, err = run(t, verify...)
	require.Error(t, err)
	require.Contains(t, printed, "entry 1 was changed")
}

func TestAuditVerifyTakesTheCheckpointsOfAWorkersLog(t *testing.T) {
	t.Parallel()
	pool, flags := audited(t)
	dir := t.TempDir()
	logs := map[string]*strings.Builder{"text": {}, "json": {}}
	for format, handler := range map[string]slog.Handler{
		"text": slog.NewTextHandler(logs["text"], nil), "json": slog.NewJSONHandler(logs["json"], nil),
	} {
		log := slog.New(handler)
		log.Info("listening", "address", "127.0.0.1:1")
		_, err := activities.NewAuditor(store.New(pool, storetest.AuditKey), log).CheckpointAudit(t.Context())
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, format), []byte(logs[format].String()), 0o600))
		printed, err := run(t, append([]string{"audit", "verify", "--checkpoints-from", filepath.Join(dir, format)}, flags...)...)
		require.NoError(t, err)
		require.Contains(t, printed, "against 1 checkpoints")
	}
	tamper(t, pool, `delete from audit_entries where seq = 3`)
	for format := range logs {
		printed, err := run(t, append([]string{"audit", "verify", "--checkpoints-from", filepath.Join(dir, format)}, flags...)...)
		require.Error(t, err)
		require.Contains(t, printed, "cut off")
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "none"), []byte("listening\n"), 0o600))
	for _, path := range []string{filepath.Join(dir, "none"), filepath.Join(dir, "missing")} {
		_, err := run(t, append([]string{"audit", "verify", "--checkpoints-from", path}, flags...)...)
		require.ErrorContains(t, err, "--checkpoints-from: ")
	}
}

func TestNothingThatAHostSaysInALogIsTakenForACheckpoint(t *testing.T) {
	t.Parallel()
	checkpoint := "checkpoint=9:" + strings.Repeat("a", 64)
	for name, handler := range map[string]func(io.Writer) slog.Handler{
		"text": func(w io.Writer) slog.Handler { return slog.NewTextHandler(w, nil) },
		"json": func(w io.Writer) slog.Handler { return slog.NewJSONHandler(w, nil) },
	} {
		path := filepath.Join(t.TempDir(), name)
		file, err := os.Create(path)
		require.NoError(t, err)
		log := slog.New(handler(file))
		log.Warn("the agent's words", "status", "audit checkpoint", "error", "x "+checkpoint)
		log.Warn("the agent's words", "status", `msg="audit checkpoint" `+checkpoint, "checkpoint", "9:aa")
		require.NoError(t, file.Close())
		_, err = checkpointsFrom(path)
		require.ErrorContains(t, err, "holds no checkpoint", name)
	}
}

func TestAProgramWithoutTheKeyOfTheNewestEntryDoesNotStart(t *testing.T) {
	t.Parallel()
	pool, flags := audited(t)
	database, other := flags[0], filepath.Join(t.TempDir(), "audit.key")
	create := []string{"token", "create", "--user", "mallory", "--role", "admin", database}
	_, err := run(t, append(create, "--keys.audit="+other)...)
	require.ErrorContains(t, err, "put the file back")
	require.NoFileExists(t, other)
	require.NoError(t, os.WriteFile(other, make([]byte, 32), 0o600))
	_, err = run(t, append(create, "--keys.audit="+other)...)
	require.ErrorContains(t, err, "was not made with the key of keys.audit")
	require.NoError(t, os.Remove(other))

	// The way on: a new key and a new chain.
	printed, err := run(t, "audit", "seal", database, "--keys.audit="+other)
	require.NoError(t, err)
	require.Contains(t, printed, "a new chain begins with 4:")
	_, err = run(t, append(create, "--keys.audit="+other)...)
	require.NoError(t, err)
	_, err = run(t, append(create, flags[1])...)
	require.ErrorContains(t, err, "was not made with the key of keys.audit")
	printed, err = run(t, "audit", "verify", database, "--keys.audit="+other)
	require.NoError(t, err)
	require.Contains(t, printed, "the first 3 are held by the digest")
	tamper(t, pool, `update audit_entries set actor_name = 'nobody' where seq = 1`)
	printed, err = run(t, "audit", "verify", database, "--keys.audit="+other)
	require.Error(t, err)
	require.Contains(t, printed, "entries before entry 4, which sealed them, were changed")
}
