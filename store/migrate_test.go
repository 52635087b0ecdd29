package store_test

import (
	"context"
	"database/sql"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/store"
	"github.com/patch-manager/patch-manager/store/storetest"
)

func TestProcessesThatMigrateTogetherApplyEachMigrationOnce(t *testing.T) {
	t.Parallel()
	url := storetest.Empty(t)
	const processes = 4
	applied := make([][]string, processes)
	errs := make([]error, processes)
	var wg sync.WaitGroup
	for i := range processes {
		wg.Go(func() { applied[i], errs[i] = store.Migrate(context.Background(), url) })
	}
	wg.Wait()

	seen := map[string]int{}
	for i := range processes {
		require.NoError(t, errs[i])
		for _, name := range applied[i] {
			seen[name]++
		}
	}
	require.Contains(t, seen, "0001_access.sql")
	for name, times := range seen {
		require.Equal(t, 1, times, name)
	}
}

func TestAnOlderSchemaIsNoticedAtStart(t *testing.T) {
	t.Parallel()
	db, err := sql.Open("pgx", storetest.Empty(t))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })

	require.ErrorContains(t, store.CheckMigrated(context.Background(), db), "patch-manager migrate")
	_, err = store.MigrateDB(context.Background(), db)
	require.NoError(t, err)
	require.NoError(t, store.CheckMigrated(context.Background(), db))
}

func TestMigrationsCanBeTakenBackAndAppliedAgain(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db, err := sql.Open("pgx", storetest.URL(t))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })

	require.NoError(t, store.MigrateDownAll(ctx, db))
	var left int
	require.NoError(t, db.QueryRowContext(ctx,
		"select count(*) from pg_tables where schemaname = 'public' and tablename <> 'goose_db_version'").Scan(&left))
	require.Zero(t, left)
	_, err = store.MigrateDB(ctx, db)
	require.NoError(t, err)
}
