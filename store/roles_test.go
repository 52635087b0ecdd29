package store_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/devstack"
	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store"
	"github.com/patch-manager/patch-manager/store/storetest"
)

// audited is a database with an audit entry in it, as the application sees it.
func audited(t *testing.T) *pgxpool.Pool {
	t.Helper()
	pool := storetest.New(t)
	_, err := store.New(pool, storetest.AuditKey).CreateToken(t.Context(), fleet.Actor{Name: "root"}, fleet.TokenRequest{User: "ada", Name: "laptop", Admin: true})
	require.NoError(t, err)
	return pool
}

func entries(t *testing.T, pool *pgxpool.Pool) string {
	t.Helper()
	var all string
	require.NoError(t, pool.QueryRow(t.Context(), `select string_agg(e::text, E'\n' order by seq) from audit_entries e`).Scan(&all))
	return all
}

func TestTheApplicationCanOnlyAddAuditEntries(t *testing.T) {
	t.Parallel()
	pool := audited(t)
	before := entries(t, pool)
	for _, statement := range []string{
		`update audit_entries set actor_name = 'nobody'`,
		`update audit_entries set actor_name = 'nobody' where false`,
		`delete from audit_entries`,
		`delete from audit_entries where false`,
		`truncate audit_entries`,
		`merge into audit_entries a using (select 1) s on true when matched then delete`,
		`insert into audit_entries select * from audit_entries on conflict (seq) do update set actor_name = 'nobody'`,
		`drop table audit_entries`,
		`drop table audit_entries cascade`,
		`alter table audit_entries rename to other`,
		`alter table audit_entries alter column actor_name type text using 'nobody'`,
		`alter table audit_entries drop column detail`,
		`alter table audit_entries disable trigger all`,
		`alter table audit_entries disable trigger audit_entries_rows`,
		`alter table audit_entries owner to patch_manager_app`,
		`create trigger mine before insert on audit_entries for each row execute function audit_entries_append_only()`,
		`drop trigger audit_entries_rows on audit_entries`,
		`create or replace function audit_entries_append_only() returns trigger language plpgsql as 'begin return old; end'`,
		`drop function audit_entries_append_only() cascade`,
		`create rule mine as on insert to audit_entries do instead nothing`,
		`create policy mine on audit_entries using (false)`,
		`create table heir () inherits (audit_entries)`,
		`alter role patch_manager_app superuser`,
		`alter role patch_manager_app createrole`,
		`drop schema public cascade`,
		`drop owned by patch_manager_test`,
		`set session_replication_role = replica`,
		`insert into goose_db_version (version_id, is_applied) values (9999, true)`,
	} {
		_, err := pool.Exec(t.Context(), statement)
		require.ErrorContains(t, err, "SQLSTATE 42501", statement) // insufficient privilege
	}
	require.Equal(t, before, entries(t, pool))
}

func TestTheApplicationCanNotGiveItselfRights(t *testing.T) {
	t.Parallel()
	pool := audited(t)
	for _, statement := range []string{
		`grant update on audit_entries to patch_manager_app`,
		`grant all on audit_entries to public`,
		`grant update (actor_name) on audit_entries to patch_manager_app`,
	} {
		// Postgres answers with a warning that nothing was granted.
		_, err := pool.Exec(t.Context(), statement)
		require.NoError(t, err, statement)
	}
	_, err := pool.Exec(t.Context(), `grant patch_manager_test to patch_manager_app`)
	require.ErrorContains(t, err, "SQLSTATE 42501")
	_, err = pool.Exec(t.Context(), `update audit_entries set actor_name = 'nobody'`)
	require.ErrorContains(t, err, "SQLSTATE 42501")
	require.NoError(t, store.Check(t.Context(), pool, slog.New(slog.DiscardHandler)))
}

func TestTheOwnerHasToDisableTriggersBeforeItChangesEntries(t *testing.T) {
	t.Parallel()
	owner := storetest.Owner(t, audited(t))
	before := entries(t, owner)
	for _, statement := range []string{
		`update audit_entries set actor_name = 'nobody'`,
		`update audit_entries set actor_name = 'nobody' where false`,
		`delete from audit_entries`,
		`truncate audit_entries`,
		`insert into audit_entries select * from audit_entries on conflict (seq) do update set actor_name = 'nobody'`,
	} {
		_, err := owner.Exec(t.Context(), statement)
		require.ErrorContains(t, err, "can only be added", statement)
	}
	require.Equal(t, before, entries(t, owner))

	_, err := owner.Exec(t.Context(), `alter table audit_entries disable trigger user`)
	require.NoError(t, err)
	_, err = owner.Exec(t.Context(), `update audit_entries set actor_name = 'nobody'`)
	require.NoError(t, err)
	require.NotEqual(t, before, entries(t, owner))
}

func TestASessionStaysTheApplicationsWhenItIsReset(t *testing.T) {
	t.Parallel()
	conn, err := storetest.New(t).Acquire(t.Context())
	require.NoError(t, err)
	defer conn.Release()
	for _, statement := range []string{`select 1`, `reset role`, `reset all`} {
		_, err := conn.Exec(t.Context(), statement)
		require.NoError(t, err)
		var role string
		require.NoError(t, conn.QueryRow(t.Context(), `select current_user`).Scan(&role))
		require.Equal(t, store.AppRole, role, statement)
	}
}

func TestASessionThatCouldChangeEntriesIsRefused(t *testing.T) {
	t.Parallel()
	for right, statement := range map[string]string{
		"update":           `grant update on audit_entries to public`,
		"update of column": `grant update (detail) on audit_entries to public`,
		"delete":           `grant delete on audit_entries to public`,
		"truncate":         `grant truncate on audit_entries to public`,
		"trigger":          `grant trigger on audit_entries to public`,
	} {
		t.Run(right, func(t *testing.T) {
			t.Parallel()
			pool := storetest.New(t)
			require.NoError(t, store.Check(t.Context(), pool, slog.New(slog.DiscardHandler)))
			_, err := storetest.Owner(t, pool).Exec(t.Context(), statement)
			require.NoError(t, err)
			require.ErrorContains(t, store.Check(t.Context(), pool, slog.New(slog.DiscardHandler)), "could change audit entries")
		})
	}
	owner := storetest.Owner(t, storetest.New(t))
	require.ErrorContains(t, store.Check(t.Context(), owner, slog.New(slog.DiscardHandler)), "the role patch_manager_test could change")
}

// cluster is a Postgres of its own, for what is shared by all databases of one.
type cluster struct {
	*testing.T
	url string
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "postgres")
	pg, err := devstack.StartPostgres(t.Context(), devstack.PostgresConfig{Dir: dir, Database: "first", Throwaway: true})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, pg.Stop())
		require.NoError(t, devstack.RemovePostgres(dir))
	})
	return &cluster{T: t, url: pg.URL()}
}

// as is the address of a database for a login whose password is its name.
func (c *cluster) as(login, database string) string {
	c.Helper()
	u, err := url.Parse(c.url)
	require.NoError(c, err)
	if login != "" {
		u.User = url.UserPassword(login, login)
	}
	u.Path = "/" + database
	return u.String()
}

// sql carries statements out as the superuser.
func (c *cluster) sql(database string, statements ...string) {
	c.Helper()
	conn, err := pgx.Connect(c.Context(), c.as("", database))
	require.NoError(c, err)
	defer conn.Close(context.WithoutCancel(c.Context()))
	for _, statement := range statements {
		_, err := conn.Exec(c.Context(), statement)
		require.NoError(c, err, statement)
	}
}

// check is what the start of the application does.
func (c *cluster) check(login, database string, log *slog.Logger) error {
	c.Helper()
	config, err := pgxpool.ParseConfig(c.as(login, database))
	require.NoError(c, err)
	pool, err := store.Connect(c.Context(), config)
	require.NoError(c, err)
	defer pool.Close()
	return store.Check(c.Context(), pool, log)
}

func TestTwentyDatabasesMigratedTogetherMakeTheRoleOnce(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	c.sql("postgres", `create role owner login createrole password 'owner'`)
	errs := make([]error, 20)
	for i := range errs {
		c.sql("postgres", fmt.Sprintf(`create database d%d owner owner`, i))
	}
	var starting sync.WaitGroup
	for i := range errs {
		starting.Go(func() { _, errs[i] = store.Migrate(t.Context(), c.as("owner", fmt.Sprintf("d%d", i))) })
	}
	starting.Wait()
	for i, err := range errs {
		require.NoError(t, err)
		require.NoError(t, c.check("owner", fmt.Sprintf("d%d", i), slog.New(slog.DiscardHandler)))
	}
}

func TestAnOwnerThatMayNotMakeTheRoleIsToldWhatToRun(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	c.sql("postgres", `create role owner login password 'owner'`, `create database d owner owner`)
	_, err := store.Migrate(t.Context(), c.as("owner", "d"))
	require.ErrorContains(t, err, `run "create role patch_manager_app nologin"`)
	require.ErrorContains(t, c.check("owner", "d", slog.New(slog.DiscardHandler)), "patch-manager migrate")

	c.sql("postgres", `create role patch_manager_app nologin`)
	require.ErrorContains(t, c.check("", "d", slog.New(slog.DiscardHandler)), "patch-manager migrate")
	_, err = store.Migrate(t.Context(), c.as("owner", "d"))
	require.NoError(t, err)
	require.ErrorContains(t, c.check("owner", "d", slog.New(slog.DiscardHandler)), `run `+"`"+`grant patch_manager_app to "owner"`)
}

func TestALoginOfItsOwnCanNotLeaveTheRole(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	c.sql("postgres", `create role owner login password 'owner'`, `create role patch_manager_app nologin`,
		`create role app login password 'app' in role patch_manager_app`, `create role other login password 'other'`,
		`create database d owner owner`)
	_, err := store.Migrate(t.Context(), c.as("owner", "d"))
	require.NoError(t, err)

	var log strings.Builder
	require.NoError(t, c.check("app", "d", slog.New(slog.NewTextHandler(&log, nil))))
	require.Empty(t, log.String())
	c.sql("postgres", `grant patch_manager_app to owner`)
	require.NoError(t, c.check("owner", "d", slog.New(slog.NewTextHandler(&log, nil))))
	require.Contains(t, log.String(), "owns the tables")

	app, err := pgx.Connect(t.Context(), c.as("app", "d"))
	require.NoError(t, err)
	defer app.Close(context.WithoutCancel(t.Context()))
	for _, statement := range []string{`set role owner`, `set session authorization owner`, `delete from audit_entries`, `drop table audit_entries`} {
		_, err := app.Exec(t.Context(), statement)
		require.ErrorContains(t, err, "SQLSTATE 42501", statement)
	}
	_, err = store.Migrate(t.Context(), c.as("app", "d"))
	require.NoError(t, err, "nothing is left to do")
	require.ErrorContains(t, c.check("other", "d", slog.New(slog.DiscardHandler)), "may not work as patch_manager_app")
	c.sql("postgres", `revoke patch_manager_app from owner`, `grant owner to patch_manager_app`)
	require.ErrorContains(t, c.check("app", "d", slog.New(slog.DiscardHandler)), "its memberships in other roles")
}
