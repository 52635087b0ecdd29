package healthtest

import (
	"fmt"
	"os"
	"runtime"
	"strings"
)

// Memory is what a process takes, in bytes.
type Memory struct {
	Live     int // of the heap, after a collection
	Resident int // at this moment
	Peak     int // the most that was ever resident
}

// MeasureMemory collects the garbage of this process and measures what is left.
func MeasureMemory() (Memory, error) {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return Memory{}, fmt.Errorf("measure memory: %w", err)
	}
	return Memory{Live: int(stats.HeapAlloc), Resident: kilobytes(status, "VmRSS:") << 10, Peak: kilobytes(status, "VmHWM:") << 10}, nil //nolint:gosec // far below the bound
}

// MemoryOf is what another process takes, in bytes: now, and at its most. Both are zero where the kernel does not say.
func MemoryOf(pid int) (resident, peak int) {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	return kilobytes(status, "VmRSS:") << 10, kilobytes(status, "VmHWM:") << 10
}

func kilobytes(status []byte, field string) int {
	var n int
	_, after, _ := strings.Cut(string(status), field)
	_, _ = fmt.Sscan(after, &n) // zero where the kernel does not say
	return n
}
