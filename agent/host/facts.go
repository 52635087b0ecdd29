package host

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// files is the file system of the host; tests give a folder of their own for its root.
type files string

func (f files) path(name string) string { return filepath.Join(string(f), name) }

func (f files) read(name string) string {
	b, err := os.ReadFile(f.path(name))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

func (f files) modified(name string) time.Time {
	info, err := os.Stat(f.path(name))
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

// osRelease returns the system's id and version.
func (f files) osRelease() (id, version string) {
	for line := range strings.Lines(f.read("/etc/os-release")) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		value = strings.Trim(value, `"'`)
		switch key {
		case "ID":
			id = value
		case "VERSION_ID":
			version = value
		}
	}
	return id, version
}

// ticksPerSecond is the unit of times in /proc; Linux shows programs 100 on every architecture Debian has.
const ticksPerSecond = 100

// initStarted is when process 1 started, in ticks since the kernel did.
func (f files) initStarted() (int64, error) {
	stat := f.read("/proc/1/stat")
	// The name, in parentheses, may itself hold spaces and parentheses: count the fields after its end.
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	const startTime = 22 - 3 // field 22 of proc(5), and the first one after the name is number 3
	if len(fields) <= startTime {
		return 0, fmt.Errorf("read the start of process 1: /proc/1/stat has %d fields", len(fields))
	}
	ticks, err := strconv.ParseInt(fields[startTime], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read the start of process 1: %w", err)
	}
	return ticks, nil
}

// uptime is how long the host is up. It is counted from the start of process 1 and not of the kernel, since a container
// shares its kernel with its host, and its reboot must be seen too.
func (f files) uptime() (time.Duration, error) {
	text, _, _ := strings.Cut(f.read("/proc/uptime"), " ")
	kernel, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, fmt.Errorf("read /proc/uptime: %w", err)
	}
	ticks, err := f.initStarted()
	if err != nil {
		return 0, err
	}
	up := kernel - float64(ticks)/ticksPerSecond
	return time.Duration(max(up, 0) * float64(time.Second)), nil
}

// bootID tells one boot of the host from the next, by no clock. The kernel's own id stays the same when a container
// restarts, and the start of process 1 may be the same after a restart of the kernel; the two together are neither.
func (f files) bootID() (string, error) {
	ticks, err := f.initStarted()
	if err != nil {
		return "", err
	}
	kernel := f.read("/proc/sys/kernel/random/boot_id")
	if kernel == "" {
		return "", fmt.Errorf("read the kernel's boot id: it is empty")
	}
	return fmt.Sprintf("%s/%d", kernel, ticks), nil
}
