package health

import "net/netip"

// Contains lets the search be tested over readers of any shape.
var Contains = contains

// OnConnect tells do of every connection that a prober is about to make.
func OnConnect(p *Prober, do func(netip.AddrPort)) { p.connecting = do }

// ReadSurroundingsEachTime has a prober read its surroundings anew for each connection.
func ReadSurroundingsEachTime(p *Prober) { p.surroundings.age = -1 }
