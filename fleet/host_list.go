package fleet

import (
	"strings"
	"time"
)

// AgentState is what the last inventory saw of a host's agent, in one word.
type AgentState string

// The states of agents. AgentUnknown is one that was not asked yet.
const (
	AgentReachable   AgentState = "reachable"
	AgentUnreachable AgentState = "unreachable"
	AgentUnknown     AgentState = "unknown"
)

// CertificateNotice is how long before its end a certificate counts as one that ends soon.
const CertificateNotice = 30 * 24 * time.Hour

// HostMatch says which hosts are meant; zero fields do not narrow it.
type HostMatch struct {
	Text    string // part of fqdn, display name or address
	GroupID string
	Zone    string
	Health  HealthState
	Labels  []LabelFilter
	Agent   AgentState
	// RebootRequired and PendingPatches match no host before its first inventory, whichever is asked for.
	RebootRequired *bool
	PendingPatches *bool
	// Stale asks for hosts whose health is stale by Ages.
	Stale *bool
	// CertificateExpiring asks for a certificate that ends before ExpiringBefore, or has ended.
	CertificateExpiring *bool
	ExpiringBefore      time.Time
	Ages                ResultAges
}

// LabelFilter asks for a label with the value, or where Value is nil with any.
type LabelFilter struct {
	Name  string
	Value *string
}

// HostFilter is a page of the hosts that match.
type HostFilter struct {
	HostMatch
	Sort  HostSort // empty: by fqdn
	After *HostKey // the host that the page follows in the order of Sort
	Limit int
}

// HostSort is the order of a list of hosts: a column, with a minus before it the other way round. Hosts without a value
// come last either way, and equal ones are in order of their ids.
type HostSort string

// The columns that hosts are sorted by. HostsByHealth begins with the worst.
const (
	HostsByFQDN     HostSort = "fqdn"
	HostsByHealth   HostSort = "health"
	HostsByPending  HostSort = "pending_patches"
	HostsByLastSeen HostSort = "last_seen_at"
)

// Column is the order without its direction.
func (s HostSort) Column() HostSort {
	if s == "" {
		return HostsByFQDN
	}
	return HostSort(strings.TrimPrefix(string(s), "-"))
}

// Descending reports whether the order is the other way round.
func (s HostSort) Descending() bool { return strings.HasPrefix(string(s), "-") }

// Key is the place of a host in the order.
func (s HostSort) Key(h HostView) HostKey {
	key := HostKey{ID: h.ID}
	switch s.Column() {
	case HostsByHealth:
		rank := h.Health.State().Rank()
		key.Number = &rank
	case HostsByPending:
		key.Number = h.PendingPatches
	case HostsByLastSeen:
		key.At = h.Agent.LastSeenAt
	default:
		key.FQDN = &h.FQDN
	}
	return key
}

// HostKey is the place of a host in an order: the value of its column, nil where it has none, and the host.
type HostKey struct {
	FQDN   *string    `json:"f,omitempty"`
	Number *int       `json:"n,omitempty"`
	At     *time.Time `json:"t,omitempty"`
	ID     string     `json:"i"`
}
