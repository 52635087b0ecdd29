package health_test

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"
)

// nameServer is a DNS server of a test's own. Answers says where a name leads, the nth time that it is asked for IPv4
// addresses.
type nameServer struct {
	answers func(name string, n int) []netip.Addr

	mu    sync.Mutex
	asked map[string]int
}

// resolver asks the server for every name that this machine's hosts file does not know.
func (s *nameServer) resolver(t *testing.T) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	s.asked = map[string]int{}
	go s.serve(conn)
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

func (s *nameServer) serve(conn net.PacketConn) {
	buffer := make([]byte, 1500)
	for {
		n, from, err := conn.ReadFrom(buffer)
		if err != nil {
			return
		}
		var query dnsmessage.Message
		if query.Unpack(buffer[:n]) != nil || len(query.Questions) != 1 {
			continue
		}
		answer, err := s.answer(query).Pack()
		if err == nil {
			_, _ = conn.WriteTo(answer, from)
		}
	}
}

func (s *nameServer) answer(query dnsmessage.Message) *dnsmessage.Message {
	q := query.Questions[0]
	addresses := s.lookUp(strings.ToLower(q.Name.String()), q.Type == dnsmessage.TypeA)
	reply := &dnsmessage.Message{
		Header:    dnsmessage.Header{ID: query.ID, Response: true, Authoritative: true, RecursionAvailable: true},
		Questions: query.Questions,
	}
	if len(addresses) == 0 {
		reply.RCode = dnsmessage.RCodeNameError
	}
	for _, a := range addresses {
		header := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 0}
		switch {
		case a.Is4() && q.Type == dnsmessage.TypeA:
			reply.Answers = append(reply.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AResource{A: a.As4()}})
		case a.Is6() && q.Type == dnsmessage.TypeAAAA:
			reply.Answers = append(reply.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AAAAResource{AAAA: a.As16()}})
		}
	}
	return reply
}

func (s *nameServer) lookUp(name string, counts bool) []netip.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	if counts {
		s.asked[name]++
	}
	return s.answers(name, s.asked[name])
}

// written resolves names to the addresses that are written in them, as public services do: v4-127-0-0-1.test, v6---1.test,
// and v4-10-0-0-1.v6-fd00--1.test to both.
func written(name string, _ int) []netip.Addr {
	name = strings.TrimSuffix(name, ".")
	switch {
	case name == "metadata.google.internal":
		return []netip.Addr{netip.MustParseAddr("169.254.169.254")}
	case name == "localhost" || strings.HasSuffix(name, ".localhost"):
		return []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("::1")}
	case name == "0x7f.0.0.1.test": // as the C library reads such a name
		return []netip.Addr{netip.MustParseAddr("127.0.0.1")}
	}
	var found []netip.Addr
	for label := range strings.SplitSeq(name, ".") {
		if v4, ok := strings.CutPrefix(label, "v4-"); ok {
			found = append(found, netip.MustParseAddr(strings.ReplaceAll(v4, "-", ".")))
		}
		if v6, ok := strings.CutPrefix(label, "v6-"); ok {
			found = append(found, netip.MustParseAddr(strings.ReplaceAll(v6, "-", ":")))
		}
	}
	return found
}
