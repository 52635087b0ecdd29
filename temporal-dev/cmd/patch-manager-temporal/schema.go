package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/log"
	_ "go.temporal.io/server/common/persistence/sql/sqlplugin/postgresql" // the plugin of the configuration
	"go.temporal.io/server/tools/common/schema"
	"go.temporal.io/server/tools/sql"
)

// awaitFor is how long a database may take to answer, as while the machine starts.
const awaitFor = 2 * time.Minute

// migrate brings both databases' schema up to date. Either may be there already, in any release.
func migrate(ctx context.Context, o options) error {
	c, err := load(o.config)
	if err != nil {
		return err
	}
	for _, store := range []struct{ name, schema string }{
		{c.Persistence.DefaultStore, "postgresql/v12/temporal"},
		{c.Persistence.VisibilityStore, "postgresql/v12/visibility"},
	} {
		at := c.Persistence.DataStores[store.name].SQL
		if at == nil {
			return fmt.Errorf("persistence: the store %q must be one of Postgres", store.name)
		}
		if err := migrateStore(ctx, at, store.schema); err != nil {
			return fmt.Errorf("migrate %s: %w", at.DatabaseName, err)
		}
	}
	return nil
}

func migrateStore(ctx context.Context, at *config.SQL, name string) error {
	logger := log.NewCLILogger()
	db, err := connect(ctx, at, logger)
	if err != nil {
		return err
	}
	defer db.Close()
	// At a schema of a later version than the first one this changes nothing.
	if err := schema.NewSetupSchemaTask(db, &schema.SetupConfig{InitialVersion: "0.0"}, logger).Run(); err != nil {
		return err
	}
	return schema.NewUpdateSchemaTask(db, &schema.UpdateConfig{DBName: at.DatabaseName, SchemaName: name}, logger).Run()
}

func connect(ctx context.Context, at *config.SQL, logger log.Logger) (*sql.Connection, error) {
	ctx, cancel := context.WithTimeout(ctx, awaitFor)
	defer cancel()
	for {
		db, err := sql.NewConnection(at, logger)
		if err == nil {
			return db, nil
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("no answer for %s", awaitFor), err)
		case <-time.After(time.Second):
		}
	}
}
