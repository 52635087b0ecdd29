package main

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/patch-manager/patch-manager/settings"
	"github.com/patch-manager/patch-manager/store"
)

// openStore opens the database and makes sure that this program may work on it. The second result closes it.
func openStore(ctx context.Context, s settings.Settings) (*store.Store, func(), error) {
	config, err := pgxpool.ParseConfig(s.Database.URL.Reveal())
	if err != nil {
		// The settings were checked to parse; the error could quote the address.
		return nil, nil, fmt.Errorf("open database: the address can not be used")
	}
	config.MaxConns = int32(s.Database.MaxConns) //nolint:gosec // the setting is at most 1000
	pool, err := store.Connect(ctx, config)
	if err != nil {
		return nil, nil, err
	}
	if err := store.Check(ctx, pool, slog.Default()); err != nil {
		pool.Close()
		return nil, nil, err
	}
	return store.New(pool), pool.Close, nil
}
