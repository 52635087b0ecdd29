package fleet

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
)

// The bounds of what is sent of a host.
const (
	MaxFQDN         = 253
	MaxDisplayName  = 200
	MaxLabels       = 64
	MaxLabelValue   = 200
	MaxGroupsOfHost = 100
)

var (
	hostnamePattern = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$`)
	zonePattern     = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,48}[a-z0-9])?$`)
	labelPattern    = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?$`)
)

// HostInput is what a caller sends of a host.
type HostInput struct {
	FQDN           string
	Address        string
	AgentPort      int
	DisplayName    string
	Labels         map[string]string
	Zone           string
	InheritWindows bool
	// GroupIDs are the groups the host shall be in; nil keeps those it has.
	GroupIDs *[]string
}

// Validate returns every broken rule, joined. Whether groups exist and belong to the caller is not its matter.
func (h HostInput) Validate() error {
	return errors.Join(
		h.validateNames(),
		h.validateLabels(),
		h.validateZone(),
		CheckText("display_name", h.DisplayName, MaxDisplayName, false),
		h.validateGroups(),
	)
}

func (h HostInput) validateNames() error {
	var errs []error
	if !isHostname(h.FQDN) {
		errs = append(errs, Invalid("fqdn", "must be a host name of at most %d characters, without a final dot", MaxFQDN))
	}
	if _, err := netip.ParseAddr(h.Address); err != nil && !isHostname(h.Address) {
		errs = append(errs, Invalid("address", "must be an IP address or a host name"))
	}
	if h.AgentPort < 1 || h.AgentPort > 65535 {
		errs = append(errs, Invalid("agent_port", "must be from 1 to 65535"))
	}
	return errors.Join(errs...)
}

// isHostname is false for an address: TLS would take a certificate for it from any host that has one naming that address.
func isHostname(s string) bool {
	_, err := netip.ParseAddr(s)
	return err != nil && len(s) <= MaxFQDN && hostnamePattern.MatchString(s)
}

func (h HostInput) validateZone() error {
	if !zonePattern.MatchString(h.Zone) {
		return Invalid("zone", "must be 1 to 50 lower-case letters, digits and inner hyphens")
	}
	return nil
}

func (h HostInput) validateLabels() error {
	if len(h.Labels) > MaxLabels {
		return Invalid("labels", "must be at most %d", MaxLabels)
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(h.Labels)) {
		if !labelPattern.MatchString(name) {
			errs = append(errs, Invalid("labels", "each name must be 1 to 63 letters, digits and inner . _ / -"))
			continue
		}
		errs = append(errs, CheckText("labels."+name, h.Labels[name], MaxLabelValue, false))
	}
	return errors.Join(errs...)
}

func (h HostInput) validateGroups() error {
	if h.GroupIDs == nil {
		return nil
	}
	if len(*h.GroupIDs) > MaxGroupsOfHost {
		return Invalid("group_ids", "must be at most %d", MaxGroupsOfHost)
	}
	seen := make(map[string]bool, len(*h.GroupIDs))
	for i, id := range *h.GroupIDs {
		if seen[id] {
			return Invalid(fmt.Sprintf("group_ids[%d]", i), "names a group a second time")
		}
		seen[id] = true
	}
	return nil
}
