package devstack

import (
	"fmt"
	"net"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAFreePortIsGivenOnceAndNotToAnOutgoingConnection(t *testing.T) {
	t.Parallel()
	limits, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	require.NoError(t, err)
	var first, last int
	_, err = fmt.Sscan(string(limits), &first, &last)
	require.NoError(t, err)
	if first < firstFreePort+freePorts {
		t.Skipf("this machine gives ports from %d on to outgoing connections", first)
	}
	given := map[int]bool{}
	for range 100 {
		port, err := FreePort()
		require.NoError(t, err)
		require.Less(t, port, first)
		require.GreaterOrEqual(t, port, firstFreePort)
		require.False(t, given[port], port)
		given[port] = true
	}
}

func TestAPortThatSomebodyListensOnIsNotFree(t *testing.T) {
	t.Parallel()
	port, err := FreePort()
	require.NoError(t, err)
	next := firstFreePort + (port-firstFreePort+1)%freePorts
	taken, err := net.Listen("tcp", Address(next))
	if err == nil {
		defer taken.Close()
	}
	for range 50 {
		port, err := FreePort()
		require.NoError(t, err)
		require.NotEqual(t, next, port)
	}
}
