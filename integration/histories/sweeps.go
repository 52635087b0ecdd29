package main

import (
	"fmt"
	"time"
)

func pollHealth() []scenario { return sweeps("PollHealth", "ListPollShards", "PollShard") }

func pollInventory() []scenario {
	return sweeps("PollInventory", "ListInventoryShards", "TakeInventory")
}

// shards are so many; the last one is in a zone of its own.
func shards(n int, lastZone string) reply {
	list := []map[string]any{}
	for i := range n {
		zone := "default"
		if i == n-1 {
			zone = lastZone
		}
		list = append(list, map[string]any{"zone": zone, "first": fmt.Sprintf("%04d", i), "end": fmt.Sprintf("%04d", i+1), "hosts": 500})
	}
	return value(list)
}

// sweeps are those of a kind, which lists its shards by one activity and visits each by another.
func sweeps(kind, list, visit string) []scenario {
	report := value(map[string]int{"hosts": 500, "results": 1000})
	missed := value(map[string]int{"hosts": 480, "results": 960, "missed": 40})
	base := func(n int) map[string][]reply {
		return map[string][]reply{list: {shards(n, "default")}, visit: {report}}
	}
	of := func(n int, name, branch string, script map[string][]reply) scenario {
		return scenario{
			kind: kind, name: numbered(name, n), branch: fmt.Sprintf("%s; %d shards", branch, n), script: script,
			input: map[string]any{"interval": 20 * time.Second},
		}
	}
	var s []scenario
	for _, n := range []int{1, 2, 5, 12} {
		cancelled := of(n, "cancelled", "cancelled while shards are visited", with(base(n), visit, report.slowly()))
		cancelled.during, cancelled.events = cancelAt(visit), append(cancelled.events, runCancelled)
		terminated := of(n, "terminated", "terminated while shards are visited", with(base(n), visit, report.slowly()))
		terminated.during, terminated.events = terminateAt(visit), append(terminated.events, runTerminated)
		s = append(s,
			of(n, "completed", "every shard is visited", base(n)).leaves(runCompleted),
			of(n, "missed", "shards miss some of their hosts", with(base(n), visit, missed)).leaves(runCompleted),
			of(n, "retried", "a shard is visited at the second try", with(base(n), visit, fails("its worker stops"), report)).leaves(runCompleted),
			of(n, "one-failed", "a shard fails for good", with(base(n), visit, failsForGood("broken"), report)).leaves(runFailed),
			of(n, "all-failed", "every shard fails for good", with(base(n), visit, failsForGood("broken"))).leaves(runFailed),
			of(n, "no-heartbeat", "the worker of a shard is not heard of", with(base(n), visit, hangs(), report)).leaves(),
			of(n, "other-zone", "a shard is in another zone", with(base(n), list, shards(n, "dmz"))).leaves(runCompleted),
			of(n, "no-worker", "no worker reaches the zone of a shard", with(base(n), list, shards(n, "nobody"))).leaves(stepLate, runFailed),
			cancelled, terminated)
	}
	listing := of(1, "cancelled-listing", "cancelled while shards are listed", with(base(1), list, shards(1, "default").slowly())).leaves(runCancelled)
	listing.during = cancelAt(list)
	return append(s, listing,
		of(0, "empty", "there are no hosts", base(0)).leaves(runCompleted),
		of(1, "list-retried", "the shards are listed at the third try", with(base(1), list, once(2, shards(1, "default"))...)).leaves(runCompleted),
		of(1, "list-failed", "the shards can not be listed", with(base(1), list, failsForGood("broken"))).leaves(runFailed),
		of(1, "list-late", "the list of shards does not come within the sweep", with(base(1), list, hangs())).leaves(stepLate, runFailed))
}
