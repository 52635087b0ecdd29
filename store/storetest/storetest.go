package storetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/peterldowns/pgtestdb"
	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/migrations"
	"github.com/patch-manager/patch-manager/store"
)

// New returns a pool on a fresh, migrated database that is dropped when the test passed, and kept for a look when it
// failed. It works as the application's role, so that whatever a test does with it shows that the role may.
func New(t testing.TB) *pgxpool.Pool {
	t.Helper()
	return Open(t, URL(t))
}

// Open returns a pool that works as the application's role on the database at address.
func Open(t testing.TB, address string) *pgxpool.Pool {
	t.Helper()
	config, err := pgxpool.ParseConfig(address)
	require.NoError(t, err)
	return closing(t)(store.Connect(t.Context(), config))
}

// Owner returns a pool of the owner of the tables on the database of pool, for what the application may not do.
func Owner(t testing.TB, pool *pgxpool.Pool) *pgxpool.Pool {
	t.Helper()
	return closing(t)(pgxpool.New(t.Context(), pool.Config().ConnString()))
}

func closing(t testing.TB) func(*pgxpool.Pool, error) *pgxpool.Pool {
	return func(pool *pgxpool.Pool, err error) *pgxpool.Pool {
		t.Helper()
		require.NoError(t, err)
		t.Cleanup(pool.Close)
		return pool
	}
}

var auditKey = bytes.Repeat([]byte{7}, fleet.AuditHashSize)

// AuditKey is the key of audit entries in tests.
var AuditKey = func() fleet.AuditKey {
	key, err := fleet.NewAuditKey(auditKey)
	if err != nil {
		panic(err)
	}
	return key
}()

// AuditKeyFile returns the path of a file that holds AuditKey, for what is told of it by the setting keys.audit.
func AuditKeyFile(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "audit.key")
	require.NoError(t, os.WriteFile(path, auditKey, 0o600))
	return path
}

// URL returns the address of a fresh, migrated database, for the login that owns it.
func URL(t testing.TB) string {
	t.Helper()
	return pgtestdb.Custom(t, server(t), migrated{hour: time.Now().Truncate(time.Hour)}).URL()
}

// Empty returns the address of a fresh database without a schema.
func Empty(t testing.TB) string {
	t.Helper()
	return pgtestdb.Custom(t, server(t), pgtestdb.NoopMigrator{}).URL()
}

// server is the Postgres server that databases are made on.
func server(t testing.TB) pgtestdb.Config {
	t.Helper()
	address, err := serverURL()
	require.NoError(t, err, "start a Postgres server for tests")
	u, err := url.Parse(address)
	require.NoError(t, err, "parse the address of the Postgres server for tests")
	password, _ := u.User.Password()
	return pgtestdb.Config{
		DriverName: "pgx", Host: u.Hostname(), Port: u.Port(), User: u.User.Username(), Password: password,
		Database: strings.TrimPrefix(u.Path, "/"), Options: u.RawQuery,
		// An owner as in production, which may make the application's role and is not above the rules as a superuser is.
		TestRole: &pgtestdb.Role{Username: "patch_manager_test", Password: "test", Capabilities: "nosuperuser createrole"},
		// A test that leaves a session behind, as a killed worker does, still gets its database dropped.
		ForceTerminateConnections: true,
	}
}

// migrated makes the template that each database is a copy of. Templates outlive the process, and the partitions that the
// migrations make reach only an hour ahead, so a template is for the hour it was made in.
type migrated struct{ hour time.Time }

func (m migrated) Hash() (string, error) {
	sum := sha256.New()
	sum.Write([]byte(m.hour.UTC().Format(time.RFC3339) + "\x00"))
	err := fs.WalkDir(migrations.FS, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(migrations.FS, path)
		sum.Write([]byte(path + "\x00"))
		sum.Write(content)
		return err
	})
	return hex.EncodeToString(sum.Sum(nil)), err
}

func (migrated) Migrate(ctx context.Context, db *sql.DB, _ pgtestdb.Config) error {
	_, err := store.MigrateDB(ctx, db)
	return err
}
