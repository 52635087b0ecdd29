package activities

import (
	"runtime/metrics"
	"sync"
	"time"
)

const (
	// crowdedWait is how long work that could go on waits for a processor in a process that has too much to do. Checks are given
	// up after seconds.
	crowdedWait = 100 * time.Millisecond
	// crowdedShare is the part of all such waits that were longer.
	crowdedShare = 0.1
	// crowdingEvery is how long a finding holds.
	crowdingEvery = 100 * time.Millisecond
)

// schedulerLatencies is the distribution of how long goroutines waited for a processor, in seconds, since the process began.
const schedulerLatencies = "/sched/latencies:seconds"

// crowding finds out whether the process is short of processors, by how long its goroutines wait for one. It does not matter
// whether it has too much to do or whether others have taken them.
type crowding struct {
	mu      sync.Mutex
	sample  []metrics.Sample
	looked  time.Time
	waits   []uint64
	crowded bool
}

func newCrowding() *crowding { return &crowding{sample: []metrics.Sample{{Name: schedulerLatencies}}} }

// short reports whether it was so since it was asked before, a tenth of a second ago or longer.
func (c *crowding) short() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.looked) < crowdingEvery {
		return c.crowded
	}
	c.looked = time.Now()
	metrics.Read(c.sample)
	histogram := c.sample[0].Value.Float64Histogram()
	c.crowded = isCrowded(histogram, c.waits)
	c.waits = append(c.waits[:0], histogram.Counts...)
	return c.crowded
}

// isCrowded judges the waits that were counted since before.
func isCrowded(h *metrics.Float64Histogram, before []uint64) bool {
	var all, long uint64
	for i, n := range h.Counts {
		if i < len(before) {
			n -= before[i]
		}
		all += n
		if h.Buckets[i] >= crowdedWait.Seconds() {
			long += n
		}
	}
	return float64(long) > crowdedShare*float64(all)
}
