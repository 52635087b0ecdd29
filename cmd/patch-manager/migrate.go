package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/patch-manager/patch-manager/settings"
	"github.com/patch-manager/patch-manager/store"
)

func newMigrate() *cobra.Command {
	cmd := &cobra.Command{Use: "migrate", Short: "Bring the schema of the database up to date"}
	return withSettings(cmd, func(cmd *cobra.Command, s settings.Settings) error {
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
