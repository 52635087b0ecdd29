package agenttest

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// Options say what fleet runs and where.
type Options struct {
	PKI   *PKI
	Hosts []HostSpec
	// Address is the loopback address of the first host; each further one gets the next. Zero means that all share
	// 127.0.0.1, which needs ports of 0.
	Address netip.Addr
	// AgentPort and WebPort are those of every host; 0 means that each host takes a free one.
	AgentPort, WebPort uint16
	// StateFile keeps what is installed and broken over a restart; empty keeps nothing.
	StateFile string
	Now       func() time.Time // nil means time.Now
}

// Fleet is a running fleet of simulated hosts. It is safe for concurrent use.
type Fleet struct {
	opts  Options
	tls   *tls.Config
	hosts []*Host
	names map[string]*Host

	mu         sync.Mutex
	executions []Execution
	saveErr    error
}

// Execution is one time that a host carried a mutating request out.
type Execution struct {
	FQDN      string
	JobID     string
	Operation string // patch_apply or reboot
	Packages  []string
	Key       string // Idempotency-Key
	StartedAt time.Time
	EndsAt    time.Time
	// Skew is how far the host's clock was ahead of that which the other times are by.
	Skew time.Duration
}

// NewFleet starts the hosts; Close stops them.
func NewFleet(opts Options) (*Fleet, error) {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if !opts.Address.IsValid() && (opts.AgentPort != 0 || opts.WebPort != 0) && len(opts.Hosts) > 1 {
		return nil, errors.New("start simulated fleet: a fixed port needs an address for each host")
	}
	f := &Fleet{opts: opts, names: map[string]*Host{}, tls: opts.PKI.serverTLS()}
	state, err := loadState(opts.StateFile)
	if err != nil {
		return nil, err
	}
	for _, spec := range opts.Hosts {
		h := newHost(f, spec, state[spec.FQDN])
		f.hosts = append(f.hosts, h)
		f.names[spec.FQDN] = h
	}
	address := opts.Address
	for _, h := range f.hosts {
		if err := h.listen(address); err != nil {
			return nil, errors.Join(fmt.Errorf("start simulated host %s: %w", h.FQDN(), err), f.Close())
		}
		if address.IsValid() {
			address = address.Next()
		}
	}
	return f, nil
}

// Hosts returns the hosts in the order of their specs.
func (f *Fleet) Hosts() []*Host { return f.hosts }

// Host returns the host of that name, or nil.
func (f *Fleet) Host(fqdn string) *Host { return f.names[fqdn] }

// Close stops every host and saves the state a last time.
func (f *Fleet) Close() error {
	for _, h := range f.hosts {
		h.close()
	}
	f.save()
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.saveErr
}

// Executions returns what was carried out so far, in order of start.
func (f *Fleet) Executions() []Execution {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.executions)
}

// ExecutionsOf returns the executions of one operation on one host.
func (f *Fleet) ExecutionsOf(fqdn, operation string) []Execution {
	return slices.DeleteFunc(f.Executions(), func(e Execution) bool {
		return e.FQDN != fqdn || e.Operation != operation
	})
}

// MostAtOnce returns how many applies ran at the same moment at most, over all hosts.
func (f *Fleet) MostAtOnce() int {
	type edge struct {
		at    time.Time
		delta int
	}
	edges := []edge{}
	for _, e := range f.Executions() {
		if e.Operation == operationApply {
			edges = append(edges, edge{e.StartedAt, 1}, edge{e.EndsAt, -1})
		}
	}
	slices.SortFunc(edges, func(a, b edge) int {
		if c := a.at.Compare(b.at); c != 0 {
			return c
		}
		return a.delta - b.delta // an end frees its place for a start at the same instant
	})
	most, now := 0, 0
	for _, e := range edges {
		now += e.delta
		most = max(most, now)
	}
	return most
}

func (f *Fleet) record(e Execution) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.executions = append(f.executions, e)
}
