package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/patch-manager/patch-manager/secret"
	"github.com/patch-manager/patch-manager/settings"
	"github.com/patch-manager/patch-manager/store"
)

func newKeysStatus() *cobra.Command {
	cmd := &cobra.Command{Use: "status", Short: "Say of each key where it is, what for, and how many passwords it encrypts"}
	output := cmd.Flags().StringP("output", "o", "table", "table or json")
	return withStore(cmd, func(cmd *cobra.Command, s settings.Settings, db *store.Store) error {
		write := map[string]func(io.Writer, []secret.KeyStatus) error{"table": printKeys, "json": printKeysJSON}[*output]
		if write == nil {
			return errors.New("--output: must be table or json")
		}
		keys, err := secret.Status(cmd.Context(), s.Keys.HealthCheck, db)
		if err != nil {
			return err
		}
		return write(cmd.OutOrStdout(), keys)
	})
}

func printKeys(out io.Writer, keys []secret.KeyStatus) error {
	if len(keys) == 0 {
		_, err := fmt.Fprintln(out, "there is no key yet; the first start makes one")
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "KEY\tSTATE\tPASSWORDS\tCANARY\tPATH\tFILE")
	for _, k := range keys {
		canary := "does not open"
		if k.OpensCanary {
			canary = "opens"
		}
		fmt.Fprintf(table, "%d\t%s\t%d\t%s\t%s\t%s\n", k.ID, k.State, k.Rows, canary, k.Path, k.File)
	}
	return table.Flush()
}

func printKeysJSON(out io.Writer, keys []secret.KeyStatus) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(map[string]any{"keys": keys})
}
