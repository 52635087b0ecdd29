package devstack

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"
)

// Loopback is the only address that anything here listens on.
const Loopback = "127.0.0.1"

// Address is a port of this machine to dial or to listen on.
func Address(port int) string { return net.JoinHostPort(Loopback, strconv.Itoa(port)) }

// FreePort returns a port that nobody listens on now.
func FreePort() (int, error) {
	l, err := net.Listen("tcp", Address(0))
	if err != nil {
		return 0, fmt.Errorf("find free port: %w", err)
	}
	defer l.Close()
	addr, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		return 0, errors.New("find free port: no TCP address")
	}
	return addr.Port, nil
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
