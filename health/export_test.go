package health

import (
	"net"
	"net/netip"
)

// What is tested over readers and connections of any shape.
var (
	Contains          = contains
	GuardHeaders      = guardHeaders
	GuardCertificates = guardCertificates
)

// GuardHandshake lets so many bytes of a handshake be read.
func GuardHandshake(conn net.Conn, left int) net.Conn { return &handshakeGuard{Conn: conn, left: left} }

// OnConnect tells do of every connection that a prober is about to make.
func OnConnect(p *Prober, do func(netip.AddrPort)) { p.connecting = do }

// ReadSurroundingsEachTime has a prober read its surroundings anew for each connection.
func ReadSurroundingsEachTime(p *Prober) { p.surroundings.age = -1 }
