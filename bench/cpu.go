package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"syscall"
)

// side is one of the ways to carry out the same work that are compared.
type side struct {
	name string
	run  func(ctx context.Context) error
}

// inTurns carries out each side in every turn, so that whatever else the machine does meets all of them, and returns what
// each took of the processors, in seconds of this process alone.
func inTurns(ctx context.Context, turns int, sides ...side) ([][]float64, error) {
	took := make([][]float64, len(sides))
	for range turns {
		for i, s := range sides {
			var cpu float64
			var err error
			// In a profile (-profile) the sides are told apart: go tool pprof -tagfocus side=<name>.
			pprof.Do(ctx, pprof.Labels("side", s.name), func(ctx context.Context) {
				cpu, err = ownCPU(func() error { return s.run(ctx) })
			})
			if err != nil {
				return nil, fmt.Errorf("%s: %w", s.name, err)
			}
			took[i] = append(took[i], cpu)
		}
	}
	return took, nil
}

// ownCPU returns the seconds of a processor that this process takes for do.
func ownCPU(do func() error) (float64, error) {
	runtime.GC() // what was done before does not count
	var before, after syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &before); err != nil {
		return 0, err
	}
	if err := do(); err != nil {
		return 0, err
	}
	err := syscall.Getrusage(syscall.RUSAGE_SELF, &after)
	return usedBy(after) - usedBy(before), err
}

func usedBy(u syscall.Rusage) float64 {
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// ticksPerSecond is the unit of /proc/<pid>/stat, which is the same on every Linux.
const ticksPerSecond = 100

// serverCPU returns the seconds that the server with this process id and its children took so far, those that have ended
// included.
func serverCPU(pid int) (float64, error) {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0, err
	}
	ticks := 0
	for _, path := range stats {
		content, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended, and its parent counts it
		}
		self, parent, used := processStat(string(content))
		if self == pid || parent == pid {
			ticks += used
		}
	}
	return float64(ticks) / ticksPerSecond, nil
}

// processStat reads what proc(5) says of a process: the fields behind its name, which may hold anything but is the last
// thing in parentheses.
func processStat(stat string) (pid, parent, ticks int) {
	pid, _ = strconv.Atoi(strings.SplitN(stat, " ", 2)[0])
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	parent, _ = strconv.Atoi(fields[1])
	for _, field := range fields[11:15] { // utime, stime, and those of its children
		n, _ := strconv.Atoi(field)
		ticks += n
	}
	return pid, parent, ticks
}

// ratios divides turn by turn.
func ratios(ours, floor []float64) []float64 {
	out := make([]float64, len(ours))
	for i := range ours {
		out[i] = ours[i] / floor[i]
	}
	return out
}

// per1000 is the middle of what turns took, for 1,000 of n pieces of work.
func per1000(took []float64, n int) float64 { return middle(took) * 1000 / float64(n) }
