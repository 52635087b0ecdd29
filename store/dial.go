package store

import (
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sys/unix"
)

// What is lost on the way to the database is sent again after ever longer pauses, of up to two minutes, in which nobody learns
// that the way is open again. A connection is therefore given up before, and a new one is tried all the while.
const (
	dialTimeout  = 5 * time.Second  // where the address of the database gives none, or 0
	unansweredBy = 10 * time.Second // by the other machine, not by the database, which may think for longer
)

// dialTCP has the pool give up connections whose other end is not heard of.
func dialTCP(config *pgxpool.Config) {
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = dialTimeout
	}
	dialer := &net.Dialer{
		Timeout:         config.ConnConfig.ConnectTimeout,
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: unansweredBy, Interval: unansweredBy / 3, Count: 3},
		Control: func(network, _ string, c syscall.RawConn) error {
			if !strings.HasPrefix(network, "tcp") {
				return nil
			}
			return setUnanswered(c)
		},
	}
	config.ConnConfig.DialFunc = dialer.DialContext
}

func setUnanswered(c syscall.RawConn) (err error) {
	controlled := c.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(unansweredBy.Milliseconds()))
	})
	if controlled != nil {
		return controlled
	}
	return err
}
