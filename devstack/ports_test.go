package devstack_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/devstack"
)

func TestPortsComeFromTheEnvironment(t *testing.T) {
	t.Parallel()
	ports, err := devstack.PortsFrom([]string{"PATCH_MANAGER_DEV_POSTGRES_PORT=65535", "PATCH_MANAGER_DEV_AGENT_PORT=1", "HOME=/"})
	require.NoError(t, err)
	want := devstack.DefaultPorts()
	want.Postgres, want.Agents = 65535, 1
	require.Equal(t, want, ports)
}

func TestPortsThatAreNoneAreRefusedByName(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{
		"PATCH_MANAGER_DEV_POSTGRES_PORT=65536", "PATCH_MANAGER_DEV_POSTGRES_PORT=0", "PATCH_MANAGER_DEV_POSTGRES_PORT=",
		"PATCH_MANAGER_DEV_POSTGRES=1", "PATCH_MANAGER_DEV_POSTGRES_PORT=7233",
	} {
		_, err := devstack.PortsFrom([]string{bad})
		require.ErrorContains(t, err, "PATCH_MANAGER_DEV_POSTGRES", bad)
	}
}
