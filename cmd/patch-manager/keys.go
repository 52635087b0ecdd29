package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/patch-manager/patch-manager/secret"
	"github.com/patch-manager/patch-manager/settings"
	"github.com/patch-manager/patch-manager/store"
)

func newKeys() *cobra.Command {
	cmd := &cobra.Command{Use: "keys", Short: "Look at, rotate and give up the keys of the stored passwords; run it as the service's user"}
	cmd.AddCommand(newKeysStatus(), newKeysVerify(), newKeysRotate(), newKeysReset())
	return cmd
}

// withStore is withSettings for what needs the database.
func withStore(cmd *cobra.Command, run func(*cobra.Command, settings.Settings, *store.Store) error) *cobra.Command {
	return withSettings(cmd, func(cmd *cobra.Command, s settings.Settings) error {
		db, closeDB, err := openStore(cmd.Context(), s)
		if err != nil {
			return err
		}
		defer closeDB()
		return run(cmd, s, db)
	})
}

func newKeysVerify() *cobra.Command {
	cmd := &cobra.Command{Use: "verify", Short: "Open every stored password; fails naming those that do not open"}
	return withStore(cmd, func(cmd *cobra.Command, s settings.Settings, db *store.Store) error {
		total, err := secret.Verify(cmd.Context(), s.Keys.HealthCheck, db, secret.Places())
		var unopened *secret.Unopened
		if errors.As(err, &unopened) {
			for _, row := range unopened.Rows {
				fmt.Fprintln(cmd.OutOrStdout(), row)
			}
			return fmt.Errorf("%d of %d passwords do not open", len(unopened.Rows), total)
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(cmd.OutOrStdout(), "all %d passwords open\n", total)
		return nil
	})
}

func newKeysRotate() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rotate",
		Short: "Encrypt every stored password with a new key; processes go on meanwhile",
		Long: `Makes a new key beside the first (health-check.key.2 and so on), encrypts every stored password with it and retires
the older one. It may be interrupted at any moment: run it again to go on. The file of the retired key stays, because a
database restored from before needs it.

Where processes run on several machines, run it with --prepare, bring the file to all of them, then run it without.`,
	}
	prepare := cmd.Flags().Bool("prepare", false, "only make the file of the new key, to be brought to other machines first")
	return withStore(cmd, func(cmd *cobra.Command, s settings.Settings, db *store.Store) error {
		if *prepare {
			path, err := secret.Prepare(cmd.Context(), s.Keys.HealthCheck, db)
			if err == nil {
				fmt.Fprintln(cmd.OutOrStdout(), "the next rotation takes", path)
			}
			return err
		}
		done, err := secret.Rotate(cmd.Context(), db, secret.Rotation{Path: s.Keys.HealthCheck, Places: secret.Places(), By: commandLine()})
		if err != nil {
			return err
		}
		began := "key %d encrypts now"
		if done.Resumed {
			began = "went on with a rotation that was interrupted: key %d encrypts now"
		}
		fmt.Fprintf(cmd.OutOrStdout(), began+"; passwords encrypted anew: %d; retired keys: %v\n", done.KeyID, done.Replaced, done.Retired)
		return nil
	})
}

func newKeysReset() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "reset",
		Short: "Give up a lost key and every password encrypted with it; the next start makes a new key",
	}
	discard := cmd.Flags().Bool("discard-passwords", false, "confirm that every stored password is removed for good")
	cmd.PreRunE = func(*cobra.Command, []string) error {
		if !*discard {
			return errors.New("--discard-passwords: must be given, because every stored password is removed for good; " +
				"a key file from a backup would save them")
		}
		return nil
	}
	return withStore(cmd, func(cmd *cobra.Command, _ settings.Settings, db *store.Store) error {
		n, err := db.DiscardPasswords(cmd.Context(), commandLine())
		if err != nil {
			return err
		}
		fmt.Fprintf(cmd.OutOrStdout(), "discarded %d passwords; restart every process, the first to start makes a new key\n", n)
		return nil
	})
}
