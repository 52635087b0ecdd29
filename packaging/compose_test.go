package packaging_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/require"
)

// composed reads compose.yaml as an engine does: by the schema of the Compose Specification, with what is named held to be there.
func composed(t *testing.T, text string) (*types.Project, error) {
	t.Helper()
	return loader.LoadWithContext(t.Context(), types.ConfigDetails{
		WorkingDir:  ".",
		ConfigFiles: []types.ConfigFile{{Filename: "compose.yaml", Content: []byte(text)}},
		Environment: types.Mapping{"PATCH_MANAGER_HOST": "patches.example.com"},
	})
}

func composeFile(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("compose.yaml")
	require.NoError(t, err)
	return string(text)
}

func TestComposeIsOfTheSpecification(t *testing.T) {
	t.Parallel()
	text := composeFile(t)
	_, err := composed(t, text)
	require.NoError(t, err)
	for was, wrong := range map[string]string{
		"replicas:":               "replicaz:",
		"migrate: {condition":     "migration: {condition",
		"secrets: [app, owner]":   "secrets: [ap, owner]",
		"networks: [data, hosts]": "networks: [dota]",
		"memory: 1G":              "memory: much",
	} {
		require.Contains(t, text, was)
		_, err := composed(t, strings.Replace(text, was, wrong, 1))
		require.Error(t, err, wrong)
	}
}

// once are the services that do their work and end.
var once = map[string]bool{"temporal-schema": true, "temporal-namespace": true, "migrate": true}

func TestServicesOfComposeAreBoundedWatchedAndWithoutSecretsInVariables(t *testing.T) {
	t.Parallel()
	project, err := composed(t, composeFile(t))
	require.NoError(t, err)
	require.Len(t, project.Services, 9)
	pinned := regexp.MustCompile(`^[a-z/-]+:[0-9]+\.[0-9.]+(-[a-z]+)?$`)
	for name, s := range project.Services {
		limits := s.Deploy.Resources.Limits
		require.NotNil(t, limits, name)
		require.Positive(t, limits.MemoryBytes, name)
		require.Positive(t, limits.NanoCPUs, name)
		require.Positive(t, limits.Pids, name)
		require.Contains(t, s.SecurityOpt, "no-new-privileges:true", name)
		require.False(t, s.Privileged, name)
		if once[name] {
			require.Equal(t, "on-failure:10", s.Restart, name)
		} else {
			require.Equal(t, "unless-stopped", s.Restart, name)
			require.NotEmpty(t, s.HealthCheck.Test, name)
		}
		if s.Build == nil {
			require.Regexp(t, pinned, s.Image, name)
			require.NotContains(t, s.Image, "auto-setup")
		}
		for variable, value := range s.Environment {
			require.False(t, strings.Contains(variable, "PASSWORD") && !strings.HasSuffix(variable, "_FILE"), "%s: %s", name, variable)
			require.NotContains(t, *value, "password", "%s: %s", name, variable)
		}
		for _, port := range s.Ports {
			require.True(t, name == "proxy" || port.HostIP == "127.0.0.1", "%s is open to everybody", name)
		}
	}
	require.Equal(t, 2, *project.Services["api"].Deploy.Replicas)
	require.Equal(t, 2, *project.Services["worker"].Deploy.Replicas)
	for name, secret := range project.Secrets {
		require.Equal(t, name, filepath.Base(secret.File))
	}
}

// TestImageIsBuiltOfTheVersionsThatTheProjectPins holds the Containerfile to go.mod and package.json, and to files that are there.
func TestImageIsBuiltOfTheVersionsThatTheProjectPins(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("Containerfile")
	require.NoError(t, err)
	for file, pin := range map[string]struct{ pinned, image string }{
		"../go.mod":           {`(?m)^toolchain go(\S+)$`, `(?m)^FROM golang:(\S+)-bookworm AS build$`},
		"../web/package.json": {`"node": "(\S+)"`, `(?m)^FROM node:(\S+)-bookworm-slim AS web$`},
	} {
		other, err := os.ReadFile(file)
		require.NoError(t, err)
		want := regexp.MustCompile(pin.pinned).FindSubmatch(other)
		require.NotNil(t, want, file)
		got := regexp.MustCompile(pin.image).FindSubmatch(text)
		require.NotNil(t, got, pin.image)
		require.Equal(t, string(want[1]), string(got[1]), file)
	}
	last := string(text[strings.LastIndex(string(text), "FROM "):])
	require.True(t, strings.HasPrefix(last, "FROM scratch\n"))
	require.Contains(t, last, "\nUSER 65532:65532\n")
	for _, copied := range regexp.MustCompile(`(?m)^COPY ([^-\n].*) \S+$`).FindAllStringSubmatch(string(text), -1) {
		for _, source := range strings.Fields(copied[1]) {
			_, err := os.Stat(filepath.Join("..", source))
			require.NoError(t, err)
		}
	}
}
