package store

import (
	"context"
	"database/sql"
)

// MigrateDownAll takes every migration back, which only tests do.
func MigrateDownAll(ctx context.Context, db *sql.DB) error {
	provider, err := migrationProvider(db)
	if err != nil {
		return err
	}
	_, err = provider.DownTo(ctx, 0)
	return err
}

// MigrateTo brings the schema to an earlier version, which only tests do.
func MigrateTo(ctx context.Context, db *sql.DB, version int64) error {
	provider, err := migrationProvider(db)
	if err != nil {
		return err
	}
	_, err = provider.UpTo(ctx, version)
	return err
}
