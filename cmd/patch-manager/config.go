package main

import (
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"github.com/patch-manager/patch-manager/settings"
)

// installedConfig is where the packages put the file of settings.
const installedConfig = "/etc/patch-manager/config.yaml"

// configFile is the file of settings where no flag names one: what the environment says, also where that is none, and
// otherwise the installed one where there is one.
func configFile(env func(string) (string, bool), installed string) string {
	if file, ok := env(settings.FileVariable); ok {
		return file
	}
	if _, err := os.Stat(installed); err != nil {
		return ""
	}
	return installed
}

// withSettings adds the settings' flags to a command and hands its run the settings, read and checked.
func withSettings(cmd *cobra.Command, run func(*cobra.Command, settings.Settings) error) *cobra.Command {
	file := cmd.Flags().String("config", configFile(os.LookupEnv, installedConfig), "YAML file of settings")
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
