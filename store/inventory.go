package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// StoreInventory keeps what a host's agent said of itself, with an event where something that people see is another than
// before. What is older than the stored inventory, or of a host that is gone, changes nothing; what an agent did not
// answer stays as it is, with its age.
func (s *Store) StoreInventory(ctx context.Context, inv fleet.Inventory) error {
	patches, err := json.Marshal(cleanPatches(inv.Patches))
	if err != nil {
		return fmt.Errorf("encode inventory of host %s: %w", inv.HostID, err)
	}
	return s.tx(ctx, func(_ pgx.Tx, q *sqlgen.Queries) error {
		host, err := q.UpdateHostAgent(ctx, hostAgentRow(inv))
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		changed := host.Changed
		if complete(inv) {
			packages, err := q.UpsertInventory(ctx, inventoryRow(inv, patches))
			if err != nil {
				return err
			}
			changed = changed || packages
		}
		if !changed {
			return nil
		}
		return writeEvent(ctx, q, eventHostChanged, inv.HostID, host.GroupIDs, false, map[string]string{"host_id": inv.HostID})
	})
}

// HostEndpoint returns how the agent of a host is dialled.
func (s *Store) HostEndpoint(ctx context.Context, hostID string) (fleet.Endpoint, error) {
	h, err := s.q.RunHost(ctx, hostID)
	if err != nil {
		return fleet.Endpoint{}, found(err, "host")
	}
	return fleet.Endpoint{HostID: h.ID, FQDN: h.FQDN, Address: h.Address, Port: int(h.AgentPort)}, nil
}

func complete(inv fleet.Inventory) bool { return inv.Reachable && inv.Error == "" }

func hostAgentRow(inv fleet.Inventory) sqlgen.UpdateHostAgentParams {
	row := sqlgen.UpdateHostAgentParams{
		HostID: inv.HostID, At: inv.At, Reachable: inv.Reachable, Complete: complete(inv), Error: fleet.Clip(inv.Error),
		Version: fleet.Clip(inv.AgentVersion), CertificateExpiresAt: inv.CertificateExpiresAt, RebootRequired: inv.RebootRequired,
	}
	for _, p := range inv.Patches {
		if !p.Held {
			row.Pending++
		}
	}
	return row
}

func inventoryRow(inv fleet.Inventory, patches json.RawMessage) sqlgen.UpsertInventoryParams {
	return sqlgen.UpsertInventoryParams{
		HostID: inv.HostID, At: inv.At, OS: fleet.Clip(inv.OS), OSVersion: fleet.Clip(inv.OSVersion),
		Kernel: fleet.Clip(inv.Kernel), Architecture: fleet.Clip(inv.Architecture), CacheStatus: fleet.Clip(inv.CacheStatus),
		LastCacheUpdate: inv.LastCacheUpdate, Patches: patches,
	}
}

// cleanPatches bounds the texts that an agent sent and takes out what Postgres can not hold in JSON.
func cleanPatches(patches []fleet.Patch) []fleet.Patch {
	clean := make([]fleet.Patch, len(patches))
	for i, p := range patches {
		p.Name, p.Severity = fleet.Clip(p.Name), fleet.Clip(p.Severity)
		p.CurrentVersion, p.Available = fleet.Clip(p.CurrentVersion), fleet.Clip(p.Available)
		clean[i] = p
	}
	return clean
}
