package activities

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/patch-manager/patch-manager/fleet"
)

// The bounds of an inventory. Answers are large, so few hosts are asked at once and few answers kept in memory.
const (
	inventoryShardSize     = 1000
	inventoryConcurrency   = 32
	maxInventoriesPerBatch = 20
	inventoryTimeout       = 30 * time.Second
)

// InventoryStore keeps what hosts say of themselves.
type InventoryStore interface {
	InventoryShards(ctx context.Context, size, most int) ([]fleet.Shard, error)
	ShardHosts(ctx context.Context, shard fleet.Shard, after string, limit int) ([]fleet.Endpoint, error)
	CountHosts(ctx context.Context, shard fleet.Shard, after string) (int, error)
	StoreInventory(ctx context.Context, inventory fleet.Inventory) error
}

// InventoryReader asks a host what it is and what is pending, and stores the answer.
type InventoryReader struct {
	agents Agents
	store  InventoryStore
}

// NewInventoryReader makes a reader.
func NewInventoryReader(agents Agents, store InventoryStore) *InventoryReader {
	return &InventoryReader{agents: agents, store: store}
}

// RefreshInventory asks host now and stores the answer. A host that does not answer is an answer, too: it fails only
// when ctx ends or the store is away.
func (r *InventoryReader) RefreshInventory(ctx context.Context, host fleet.Host) error {
	inventory, err := r.read(ctx, host.Endpoint())
	if err != nil {
		return err
	}
	return r.store.StoreInventory(ctx, inventory)
}

// read fails only when ctx ends: what we broke off ourselves says nothing about the host.
func (r *InventoryReader) read(ctx context.Context, host fleet.Endpoint) (fleet.Inventory, error) {
	inventory := fleet.Inventory{HostID: host.HostID, At: time.Now().UTC().Truncate(time.Microsecond)}
	conn := r.agents.Connect(host)
	defer conn.Close()
	asking, cancel := context.WithTimeout(ctx, inventoryTimeout)
	defer cancel()
	err := ask(asking, conn, &inventory)
	if ctx.Err() != nil {
		return fleet.Inventory{}, fmt.Errorf("read inventory of host %s: %w", host.HostID, ctx.Err())
	}
	if err != nil {
		inventory.Error = fleet.Clip(err.Error())
	}
	inventory.CertificateExpiresAt = conn.CertificateNotAfter()
	return inventory, nil
}

func ask(ctx context.Context, conn fleet.AgentConn, to *fleet.Inventory) error {
	health, err := conn.Health(ctx)
	to.Reachable = err == nil || !errors.Is(err, fleet.ErrAgentUnreachable)
	if err != nil {
		return fmt.Errorf("ask for health: %w", err)
	}
	to.AgentVersion = health.Version
	info, err := conn.SystemInfo(ctx)
	if err != nil {
		return fmt.Errorf("ask for system information: %w", err)
	}
	patches, err := conn.Patches(ctx)
	if err != nil {
		return fmt.Errorf("ask for patches: %w", err)
	}
	to.OS, to.OSVersion, to.Kernel, to.Architecture = info.OS, info.OSVersion, info.Kernel, info.Architecture
	to.CacheStatus, to.LastCacheUpdate = health.CacheStatus, health.LastCacheUpdate
	to.RebootRequired, to.Patches = info.PendingReboot, patches.Patches
	return nil
}

// Inventory keeps the inventories of the fleet fresh.
type Inventory struct {
	reader     *InventoryReader
	beginnings *beginnings
	log        *slog.Logger
}

// NewInventory makes the activities over reader.
func NewInventory(reader *InventoryReader, log *slog.Logger) *Inventory {
	return &Inventory{reader: reader, beginnings: newBeginnings(), log: log}
}

// ListInventoryShards divides all hosts.
func (i *Inventory) ListInventoryShards(ctx context.Context) ([]fleet.Shard, error) {
	shards, err := i.reader.store.InventoryShards(ctx, inventoryShardSize, maxShards)
	return shards, retryable(err)
}

// TakeInventory asks the hosts of one shard, spread over the interval. It reports the hosts it did not reach in time.
func (i *Inventory) TakeInventory(ctx context.Context, in ShardInput) (SweepReport, error) {
	s := sweep[fleet.Inventory]{
		in: in, resume: resumed(ctx), concurrency: grown(inventoryConcurrency, in.Shard.Hosts, inventoryShardSize), beginnings: i.beginnings, maxBatch: maxInventoriesPerBatch,
		stopping: activity.GetWorkerStopChannel(ctx), beat: heartbeat(ctx),
		page: func(ctx context.Context, after string, limit int) ([]fleet.HostChecks, error) {
			hosts, err := i.reader.store.ShardHosts(ctx, in.Shard, after, limit)
			return withoutChecks(hosts), err
		},
		visit: func(ctx context.Context, host fleet.HostChecks) ([]fleet.Inventory, error) {
			inventory, err := i.reader.read(ctx, host.Endpoint)
			return []fleet.Inventory{inventory}, err
		},
		store: i.storeBatch,
		count: func(ctx context.Context, after string) (int, error) {
			return i.reader.store.CountHosts(ctx, in.Shard, after)
		},
	}
	report, err := s.run(ctx)
	if report.Missed > 0 {
		i.log.Warn("inventory did not reach all hosts in time", "zone", in.Shard.Zone, "missed", report.Missed, "interval", in.Interval)
	}
	return report, retryable(err)
}

func (i *Inventory) storeBatch(ctx context.Context, batch []fleet.Inventory) error {
	for _, inventory := range batch {
		if err := i.reader.store.StoreInventory(ctx, inventory); err != nil {
			return err
		}
	}
	return nil
}

func withoutChecks(hosts []fleet.Endpoint) []fleet.HostChecks {
	list := make([]fleet.HostChecks, len(hosts))
	for n, h := range hosts {
		list[n].Endpoint = h
	}
	return list
}
