package main

import (
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"github.com/patch-manager/patch-manager/settings"
)

// withSettings adds the settings' flags to a command and hands its run the settings, read and checked.
func withSettings(cmd *cobra.Command, run func(*cobra.Command, settings.Settings) error) *cobra.Command {
	file := cmd.Flags().String("config", "", "YAML file of settings")
	settings.AddFlags(cmd.Flags())
	cmd.Args = cobra.NoArgs
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		s, err := settings.Load(settings.Source{File: *file, Environ: os.Environ(), Flags: cmd.Flags()})
		if err != nil {
			return err
		}
		slog.SetDefault(newLogger(s))
		return run(cmd, s)
	}
	return cmd
}

func newLogger(s settings.Settings) *slog.Logger {
	var level slog.Level
	// The setting allows only names that slog knows.
	_ = level.UnmarshalText([]byte(s.Log.Level))
	options := &slog.HandlerOptions{Level: level}
	if s.Log.Format == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, options))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, options))
}
