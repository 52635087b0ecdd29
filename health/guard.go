package health

import (
	"crypto/tls"
	"errors"
	"net"
	"sync"
)

// What a server may send before anybody looks at its answer. Go's limits are wider and count bytes of the wire, while
// what is made of them takes many times the memory: 32 KiB of the shortest headers become half a MiB, 200 KiB of small
// certificates 2.5.
const (
	maxHeaderLines = 512      // of an answer, the first and the empty one included
	maxWire        = 96 << 10 // bytes of a body with its chunks, packed or not
	maxHandshake   = 32 << 10 // bytes of the server's side of a TLS handshake
	maxChain       = 10       // certificates in it
	maxChainBytes  = 16 << 10
	maxChainParts  = 500 // names and extensions of all of them
)

var (
	errHeaderLines = errors.New("more headers than the limit")
	errWire        = errors.New("it says too little in too many bytes")
	errHandshake   = errors.New("a longer TLS handshake than the limit")
	errCertificate = errors.New("more or longer certificates than the limit")
)

// handshakeGuard bounds what is read until the handshake is done.
type handshakeGuard struct {
	net.Conn
	left int
	done bool
}

func (g *handshakeGuard) Read(b []byte) (int, error) {
	if g.done {
		return g.Conn.Read(b)
	}
	if g.left == 0 {
		return 0, errHandshake
	}
	n, err := g.Conn.Read(b[:min(len(b), g.left)])
	g.left -= n
	return n, err
}

// guardCertificates refuses what would be kept for as long as the connection.
func guardCertificates(state tls.ConnectionState) error {
	bytes, parts := 0, 0
	for _, c := range state.PeerCertificates {
		bytes += len(c.Raw)
		parts += len(c.Subject.Names) + len(c.Issuer.Names) + len(c.DNSNames) + len(c.EmailAddresses) + len(c.IPAddresses) +
			len(c.URIs) + len(c.Extensions) + len(c.PolicyIdentifiers) + len(c.UnknownExtKeyUsage)
	}
	if len(state.PeerCertificates) > maxChain || bytes > maxChainBytes || parts > maxChainParts {
		return errCertificate
	}
	return nil
}

// answerGuard bounds the lines of an answer's headers, those of interim answers included, and the bytes behind them, of
// which chunks and packing can make nothing. It lets nothing be read before something was written: Go logs what comes
// unasked. The connection is for one request.
type answerGuard struct {
	net.Conn
	asked   chan struct{}
	ask     sync.Once
	lines   int
	length  int // of the line so far
	last    byte
	first   bool // whether the line is the first one of an answer
	told    bool // whether its status was seen
	interim bool // whether another answer follows
	body    bool // whether all headers were read
	wire    int  // bytes of the body that may be read
}

func guardAnswer(conn net.Conn) net.Conn {
	return &answerGuard{Conn: conn, asked: make(chan struct{}), first: true, wire: maxWire}
}

func (g *answerGuard) Write(b []byte) (int, error) {
	g.ask.Do(func() { close(g.asked) })
	return g.Conn.Write(b)
}

func (g *answerGuard) Close() error {
	g.ask.Do(func() { close(g.asked) })
	return g.Conn.Close()
}

func (g *answerGuard) Read(b []byte) (int, error) {
	<-g.asked
	switch {
	case g.lines > maxHeaderLines:
		return 0, errHeaderLines
	case g.wire == 0:
		return 0, errWire
	}
	n, err := g.Conn.Read(b[:min(len(b), g.wire)])
	for i := range n {
		if g.body {
			g.wire -= n - i
			break
		}
		g.take(b[i])
		if g.lines > maxHeaderLines {
			return i + 1, nil // of a line cut off something else would be said
		}
	}
	return n, err
}

func (g *answerGuard) take(c byte) {
	if c != '\n' {
		// Go takes any number of spaces before the status.
		if g.first && !g.told && g.length >= len("HTTP/1.1 ") && c != ' ' {
			g.interim, g.told = c == '1', true
		}
		g.length, g.last = g.length+1, c
		return
	}
	g.lines++
	empty := g.length == 0 || (g.length == 1 && g.last == '\r')
	g.body = empty && !g.interim
	g.first, g.told, g.length = empty, g.told && !empty, 0
}
