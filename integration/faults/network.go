package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/Shopify/toxiproxy/v2/toxics"
	"github.com/rs/zerolog"

	"github.com/patch-manager/patch-manager/devstack"
)

// network is what lies between the product and the servers and hosts that it speaks to: a line to each, which can be broken.
type network struct {
	server *toxiproxy.ApiServer
	mu     sync.Mutex
	lines  map[string]*line
}

// line is the way to one server or host, and back.
type line struct {
	proxy  *toxiproxy.Proxy
	meters map[string]*meter // by direction
}

// The directions of a line: requests go upstream, and answers downstream.
const (
	upstream   = "upstream"
	downstream = "downstream"
)

func newNetwork() *network {
	return &network{server: toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop()), lines: map[string]*line{}}
}

// lay lays a line to what listens on an address, and returns where its near end is.
func (n *network) lay(to, address string) (string, error) {
	l := &line{proxy: toxiproxy.NewProxy(n.server, to, devstack.Address(0), address), meters: map[string]*meter{}}
	for _, direction := range []string{upstream, downstream} {
		measured, err := l.add(interference{"meter", direction, nil})
		if err != nil {
			return "", err
		}
		l.meters[direction] = measured.(*meter)
	}
	if err := l.proxy.Start(); err != nil {
		return "", fmt.Errorf("lay a line to %s: %w", to, err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lines[to] = l
	return l.proxy.Listen, nil
}

func (n *network) line(to string) *line {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.lines[to]
}

// close takes every line away.
func (n *network) close() error {
	for _, l := range n.lines {
		l.proxy.Stop()
	}
	return nil
}

// interference is what is done to all that goes one way over a line.
type interference struct {
	kind       string // a toxic of toxiproxy's, or of ours
	direction  string
	attributes map[string]any
}

func (i interference) name() string { return i.kind + " " + i.direction }

func (l *line) add(i interference) (toxics.Toxic, error) {
	described, err := json.Marshal(map[string]any{"name": i.name(), "type": i.kind, "stream": i.direction, "attributes": i.attributes})
	if err != nil {
		return nil, fmt.Errorf("describe a fault of a line: %w", err)
	}
	added, err := l.proxy.Toxics.AddToxicJson(strings.NewReader(string(described)))
	if err != nil {
		return nil, fmt.Errorf("break a line: %w", err)
	}
	return added.Toxic, nil
}

// breakBy breaks a line in some way, for the connections that are there and for those to come, until mend, which returns how
// many pieces of what was sent met it.
func (l *line) breakBy(w way) (mend func() (met int64, err error), err error) {
	before := l.count(w)
	for _, i := range w.does {
		if _, err := l.add(i); err != nil {
			return nil, err
		}
	}
	return func() (int64, error) {
		met := l.count(w) - before
		for _, i := range w.does {
			if err := l.proxy.Toxics.RemoveToxic(context.Background(), i.name()); err != nil {
				return 0, fmt.Errorf("mend a line: %w", err)
			}
		}
		return met, nil
	}, nil
}

// count counts what went over a line the ways that would be broken.
func (l *line) count(w way) (n int64) {
	for _, i := range w.does {
		n += l.meters[i.direction].passed.Load()
	}
	return n
}

// meter lets everything pass and counts it. It stands before whatever breaks a line, so that it is known what that met.
type meter struct{ passed atomic.Int64 }

// Pipe is what toxiproxy runs for each connection.
func (m *meter) Pipe(stub *toxics.ToxicStub) {
	for {
		select {
		case <-stub.Interrupt:
			return
		case chunk := <-stub.Input:
			if chunk == nil {
				stub.Close()
				return
			}
			m.passed.Add(1)
			stub.Output <- chunk
		}
	}
}

// cut swallows what goes one way, and also that an end hung up, as where a route was lost. Once it is mended, what it cut is
// found to be dead.
type cut struct{}

// Pipe is what toxiproxy runs for each connection.
func (*cut) Pipe(stub *toxics.ToxicStub) {
	for {
		select {
		case <-stub.Interrupt:
			return
		case chunk := <-stub.Input:
			if chunk == nil {
				<-stub.Interrupt
				return
			}
		}
	}
}

// Cleanup ends a connection that was cut.
func (*cut) Cleanup(stub *toxics.ToxicStub) { stub.Close() }

func init() {
	toxics.Register("meter", new(meter))
	toxics.Register("cut", new(cut))
}
