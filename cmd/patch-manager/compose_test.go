package main

import (
	"os"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/settings"
)

// TestComposeHasSettingsAndCommandsThatThereAre holds compose.yaml to this program, which it starts and asks by.
func TestComposeHasSettingsAndCommandsThatThereAre(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../packaging/compose.yaml")
	require.NoError(t, err)
	project, err := loader.LoadWithContext(t.Context(), types.ConfigDetails{
		WorkingDir:  "../../packaging",
		ConfigFiles: []types.ConfigFile{{Filename: "compose.yaml", Content: text}},
		Environment: types.Mapping{"PATCH_MANAGER_HOST": "patches.example.com"},
	})
	require.NoError(t, err)
	for _, name := range []string{"migrate", "api", "worker"} {
		service := project.Services[name]
		var environ []string
		for variable, value := range service.Environment {
			environ = append(environ, variable+"="+*value)
		}
		s, err := settings.Load(settings.Source{Environ: environ})
		require.NoError(t, err, name)
		require.NotEmpty(t, s.Database.URL.Reveal(), name)
		cmd, _, err := newRoot().Find(service.Command)
		require.NoError(t, err)
		require.Equal(t, name, cmd.Name())
		require.NoError(t, cmd.ParseFlags(service.Command[1:]))
		if service.HealthCheck != nil {
			require.Equal(t, "/usr/bin/patch-manager", service.HealthCheck.Test[1])
			cmd, rest, err := newRoot().Find(service.HealthCheck.Test[2:])
			require.NoError(t, err)
			require.Equal(t, "probe", cmd.Name())
			require.NoError(t, cmd.ValidateArgs(rest))
		}
	}
}
