package main

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/patch-manager/patch-manager/settings"
	"github.com/patch-manager/patch-manager/store"
)

// openStore opens the database and makes sure that its schema is at least this program's. The second result closes it.
func openStore(ctx context.Context, s settings.Settings) (*store.Store, func(), error) {
	config, err := pgxpool.ParseConfig(s.Database.URL.Reveal())
	if err != nil {
		// The settings were checked to parse; the error could quote the address.
		return nil, nil, fmt.Errorf("open database: the address can not be used")
	}
	config.MaxConns = int32(s.Database.MaxConns) //nolint:gosec // the setting is at most 1000
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, nil, fmt.Errorf("open database: %w", err)
	}
	db := stdlib.OpenDBFromPool(pool)
	err = store.CheckMigrated(ctx, db)
	db.Close()
	if err != nil {
		pool.Close()
		return nil, nil, err
	}
	return store.New(pool), pool.Close, nil
}
