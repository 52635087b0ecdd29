package devstack

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync/atomic"
	"syscall"
)

// Loopback is the only address that anything here listens on.
const Loopback = "127.0.0.1"

// Address is a port of this machine to dial or to listen on.
func Address(port int) string { return net.JoinHostPort(Loopback, strconv.Itoa(port)) }

// The ports that FreePort returns lie below those that Linux gives to outgoing connections, any of which could otherwise
// take one before it is listened on.
const (
	firstFreePort = 20_000
	freePorts     = 10_000
)

// portsGiven counts the ports that this process was given, so that none is given twice.
var portsGiven atomic.Uint32

// FreePort returns a port that nobody listens on now. Processes begin at places of their own, as they may ask together.
func FreePort() (int, error) {
	for range freePorts {
		port := firstFreePort + (os.Getpid()*101+int(portsGiven.Add(1)))%freePorts
		l, err := net.Listen("tcp", Address(port))
		if errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		if err != nil {
			return 0, fmt.Errorf("find free port: %w", err)
		}
		return port, l.Close()
	}
	return 0, fmt.Errorf("find free port: all from %d on are taken", firstFreePort)
}

// CheckPort says who wanted a taken port and which setting chooses another.
func CheckPort(port int, who, setting string) error {
	l, err := net.Listen("tcp", Address(port))
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("port %d for %s is taken by another process; choose another with %s", port, who, setting)
	}
	if err != nil {
		return fmt.Errorf("check port %d for %s (%s): %w", port, who, setting, err)
	}
	return l.Close()
}
