package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver that goose works with
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/patch-manager/patch-manager/migrations"
)

// A migration may wait for another process's: 300 tries a second apart.
const (
	migrateLockPeriod = 1
	migrateLockTries  = 300
)

// Migrate brings the schema of the database at url up to date and returns the names of the migrations that it applied.
// Processes that start together apply each migration once: a session lock lets one go first.
func Migrate(ctx context.Context, url string) ([]string, error) {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	defer db.Close()
	return MigrateDB(ctx, db)
}

// MigrateDB is Migrate over an open database.
func MigrateDB(ctx context.Context, db *sql.DB) ([]string, error) {
	provider, err := migrationProvider(db)
	if err != nil {
		return nil, err
	}
	results, err := provider.Up(ctx)
	var partial *goose.PartialError
	if errors.As(err, &partial) {
		return nil, fmt.Errorf("apply migration %s: %w", partial.Failed.Source.Path, partial.Err)
	}
	if err != nil {
		return nil, fmt.Errorf("migrate database: %w", err)
	}
	applied := make([]string, 0, len(results))
	for _, r := range results {
		applied = append(applied, r.Source.Path)
	}
	return applied, nil
}

// CheckMigrated refuses a database that lacks migrations, so that a process does not start on an older schema. It makes
// nothing, so any role that may read the table of migrations can ask.
func CheckMigrated(ctx context.Context, db *sql.DB) error {
	var readable bool
	err := db.QueryRowContext(ctx, `select coalesce(has_table_privilege(to_regclass('goose_db_version'), 'select'), false)`).Scan(&readable)
	if err != nil {
		return fmt.Errorf("check migrations: %w", err)
	}
	if !readable {
		return errNotMigrated
	}
	provider, err := migrationProvider(db)
	if err != nil {
		return err
	}
	pending, err := provider.HasPending(ctx)
	if err != nil {
		return fmt.Errorf("check migrations: %w", err)
	}
	if pending {
		return errNotMigrated
	}
	return nil
}

func migrationProvider(db *sql.DB) (*goose.Provider, error) {
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(migrateLockPeriod, migrateLockTries))
	if err != nil {
		return nil, fmt.Errorf("make migration lock: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, migrations.FS, goose.WithSessionLocker(locker))
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	return provider, nil
}
