package health

import (
	"net"
	"time"
)

// An answer comes in a few pieces. Of one that comes in many, each is waited for a little, so that a drip is a matter of
// patience and not of processors: what came meanwhile is read together.
const (
	smallPiece = 1 << 10 // bytes
	freePieces = 32
	pieceWait  = 50 * time.Millisecond
)

// readBuffer bounds what the kernel keeps for us of an answer that we do not read, in bytes.
const readBuffer = 64 << 10

// pacedConn waits for each small piece past the first ones. A close or a deadline ends a read at most pieceWait later.
type pacedConn struct {
	net.Conn
	small int
}

func paced(conn net.Conn) net.Conn {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetReadBuffer(readBuffer) // without it only more memory is taken
	}
	return &pacedConn{Conn: conn}
}

func (c *pacedConn) Read(b []byte) (int, error) {
	if c.small > freePieces {
		time.Sleep(pieceWait)
	}
	n, err := c.Conn.Read(b)
	if n < min(smallPiece, len(b)) {
		c.small++
	}
	return n, err
}
