package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/spf13/cobra"

	"github.com/patch-manager/patch-manager/settings"
	"github.com/patch-manager/patch-manager/store"
)

// awaitRetry is how often a database that does not answer is asked.
const awaitRetry = 250 * time.Millisecond

// codeCannotConnectNow is how Postgres says that it starts or stops.
const codeCannotConnectNow = "57P03"

func newMigrate() *cobra.Command {
	cmd := &cobra.Command{Use: "migrate", Short: "Bring the schema of the database up to date"}
	wait := cmd.Flags().Duration("wait", 0, "for a database that does not answer yet, such as while the machine starts")
	return withSettings(cmd, func(cmd *cobra.Command, s settings.Settings) error {
		if err := awaitDatabase(cmd.Context(), s.Database.MigrateURL.Reveal(), *wait); err != nil {
			return err
		}
		applied, err := store.Migrate(cmd.Context(), s.Database.MigrateURL.Reveal())
		if err != nil {
			return err
		}
		for _, name := range applied {
			fmt.Fprintln(cmd.OutOrStdout(), "applied", name)
		}
		if len(applied) == 0 {
			fmt.Fprintln(cmd.OutOrStdout(), "the schema is up to date")
		}
		return nil
	})
}

// awaitDatabase waits until the database at url answers, be it with a refusal, and for no longer than wait.
func awaitDatabase(ctx context.Context, url string, wait time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	for ctx.Err() == nil {
		if answersDatabase(ctx, url) {
			return nil
		}
		select {
		case <-ctx.Done():
		case <-time.After(awaitRetry):
		}
	}
	if wait > 0 && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("migrate database: it has not answered for %s", wait)
	}
	return nil
}

func answersDatabase(ctx context.Context, url string) bool {
	conn, err := pgx.Connect(ctx, url)
	if err == nil {
		return conn.Close(ctx) == nil
	}
	var refused *pgconn.PgError
	return errors.As(err, &refused) && refused.Code != codeCannotConnectNow
}
