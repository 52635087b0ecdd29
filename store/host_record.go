package store

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// hostPayload is what events tell of a host.
type hostPayload struct {
	HostID string `json:"host_id"`
}

// hostChange is what was written of a host. Groups are those it is in and those it left, which all hear of it.
type hostChange struct {
	id     string
	in     fleet.HostInput
	groups []string
	// revoked are the certificates that were revoked by it.
	revoked []string
}

func recordHost(ctx context.Context, q *sqlgen.Queries, by fleet.Caller, action string, c hostChange) error {
	if err := writeEvent(ctx, q, eventHostChanged, c.id, c.groups, false, hostPayload{c.id}); err != nil {
		return err
	}
	detail := map[string]any{
		"fqdn": c.in.FQDN, "address": c.in.Address, "agent_port": c.in.AgentPort, "display_name": c.in.DisplayName,
		"labels": c.in.Labels, "zone": c.in.Zone, "inherit_windows": c.in.InheritWindows,
	}
	if c.in.GroupIDs != nil {
		detail["group_ids"] = *c.in.GroupIDs
	}
	if len(c.revoked) > 0 {
		detail["revoked_certificates"] = c.revoked
	}
	return writeAudit(ctx, q, by.Actor(), action, "host", c.id, detail)
}

// labelsJSON is labels as an object, also where there are none; strings always encode.
func labelsJSON(labels map[string]string) json.RawMessage {
	if labels == nil {
		return json.RawMessage(`{}`)
	}
	encoded, _ := json.Marshal(labels)
	return encoded
}

// missing returns what of want is not in have.
func missing(want, have []string) []string {
	out := []string{}
	for _, w := range want {
		if !slices.Contains(have, w) {
			out = append(out, w)
		}
	}
	return out
}

// union returns a and what b has besides.
func union(a, b []string) []string { return append(slices.Clone(a), missing(b, a)...) }
