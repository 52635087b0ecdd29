package api

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/patch-manager/patch-manager/fleet"
)

var hostColumns = []string{
	"id", "fqdn", "display_name", "address", "agent_port", "zone", "labels", "group_ids", "inherit_windows",
	"health", "healthy_checks", "unhealthy_checks", "unknown_checks", "oldest_result_at", "stale",
	"agent_reachable", "agent_error", "agent_version", "last_seen_at", "certificate_expires_at",
	"span_starts_at", "span_ends_at", "pending_patches", "reboot_required", "inventory_at", "created_at", "updated_at",
}

func (s *server) exportHosts(ctx context.Context, by fleet.Caller, f fleet.HostFilter) (*huma.StreamResponse, error) {
	next, err := s.Store.ExportHosts(ctx, by.Sees(), f, maxExport)
	if err != nil {
		return nil, err
	}
	return exportTable(s, table[Host]{
		name: "hosts", columns: hostColumns, row: hostRow,
		next: func(ctx context.Context) ([]Host, error) {
			page, err := next(ctx)
			if err != nil || len(page) == 0 {
				return nil, err
			}
			return s.hostBodies(ctx, page)
		},
	}), nil
}

func hostRow(h Host) []string {
	labels, _ := json.Marshal(h.Labels) // texts always encode
	row := []string{
		h.ID, h.FQDN, h.DisplayName, h.Address, strconv.Itoa(h.AgentPort), h.Zone, string(labels), strings.Join(h.GroupIDs, " "),
		strconv.FormatBool(h.InheritWindows),
		h.Health.State, strconv.Itoa(h.Health.Healthy), strconv.Itoa(h.Health.Unhealthy), strconv.Itoa(h.Health.Unknown),
		timeCell(h.Health.OldestResultAt), strconv.FormatBool(h.Health.Stale),
		boolCell(h.Agent.Reachable), h.Agent.Error, h.Agent.Version, timeCell(h.Agent.LastSeenAt), timeCell(h.Agent.CertificateExpiresAt),
	}
	var starts, ends *time.Time
	if h.Span != nil {
		starts, ends = &h.Span.StartsAt, &h.Span.EndsAt
	}
	return append(row, timeCell(starts), timeCell(ends), intCell(h.PendingPatches), boolCell(h.RebootRequired), timeCell(h.InventoryAt),
		timeCell(&h.CreatedAt), timeCell(&h.UpdatedAt))
}
