package main

import (
	"context"
	"errors"
	"log/slog"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/patch-manager/patch-manager/secret"
	"github.com/patch-manager/patch-manager/settings"
	"github.com/patch-manager/patch-manager/store"
)

// openStore opens the database and makes sure that this program may work on it, and can continue its audit entries. The
// second result closes it.
func openStore(ctx context.Context, s settings.Settings) (*store.Store, func(), error) {
	pool, err := openPool(ctx, s)
	if err != nil {
		return nil, nil, err
	}
	db, err := openAudited(ctx, s, pool)
	if err != nil {
		pool.Close()
		return nil, nil, err
	}
	return db, pool.Close, nil
}

func openPool(ctx context.Context, s settings.Settings) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(s.Database.URL.Reveal())
	if err != nil {
		// The settings were checked to parse; the error could quote the address.
		return nil, errors.New("open database: the address can not be used")
	}
	config.MaxConns = int32(s.Database.MaxConns) //nolint:gosec // the setting is at most 1000
	pool, err := store.Connect(ctx, config)
	if err != nil {
		return nil, err
	}
	if err := store.Check(ctx, pool, slog.Default()); err != nil {
		pool.Close()
		return nil, err
	}
	return pool, nil
}

func openAudited(ctx context.Context, s settings.Settings, pool *pgxpool.Pool) (*store.Store, error) {
	chained, err := store.AuditChained(ctx, pool)
	if err != nil {
		return nil, err
	}
	key, err := secret.OpenAuditKey(s.Keys.Audit, chained)
	if err != nil {
		return nil, err
	}
	db := store.New(pool, key)
	return db, db.CheckAudit(ctx)
}
