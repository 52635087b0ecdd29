package host

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// The flag file that Debian's and Ubuntu's packages set when a reboot is due, and the names of those that did.
const (
	rebootFlag     = "/run/reboot-required"
	rebootPackaged = "/run/reboot-required.pkgs"
)

// rebootReasons says why the host needs a reboot, one sentence each; none when it does not.
func (f files) rebootReasons() []string {
	reasons := f.flagReasons()
	if newer := f.newerKernel(); newer != "" {
		reasons = append(reasons, fmt.Sprintf("kernel %s is installed and not running", newer))
	}
	return append(reasons, f.replacedLibraries()...)
}

func (f files) flagReasons() []string {
	if f.modified(rebootFlag).IsZero() {
		return nil
	}
	names := strings.Fields(f.read(rebootPackaged))
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) == 0 {
		return []string{"the flag " + rebootFlag + " is set"}
	}
	const most = 20
	more := ""
	if len(names) > most {
		more = fmt.Sprintf(" and %d more", len(names)-most)
		names = names[:most]
	}
	return []string{"asked for by " + strings.Join(names, ", ") + more}
}

// newerKernel returns the newest kernel in /boot of the running one's flavour, if that is another than the running one.
// A container has no kernel of its own and therefore none in /boot.
func (f files) newerKernel() string {
	running := f.read("/proc/sys/kernel/osrelease")
	images, err := filepath.Glob(f.path("/boot/vmlinuz-*"))
	if err != nil || running == "" {
		return ""
	}
	newest, found := running, false
	for _, image := range images {
		release := strings.TrimPrefix(filepath.Base(image), "vmlinuz-")
		found = found || release == running
		if flavour(release) == flavour(running) && compareReleases(release, newest) > 0 {
			newest = release
		}
	}
	if !found || newest == running {
		return "" // a kernel that is not from /boot says nothing about those that are
	}
	return newest
}

// flavour is what follows the numbers of a kernel release, such as amd64, cloud-amd64 or generic.
func flavour(release string) string {
	parts := strings.Split(release, "-")
	for i, p := range parts {
		if p != "" && (p[0] < '0' || p[0] > '9') {
			return strings.Join(parts[i:], "-")
		}
	}
	return ""
}

// compareReleases orders kernel releases of one flavour: runs of digits by their value, all between as text.
func compareReleases(a, b string) int {
	for a != "" && b != "" {
		x, y := leadingRun(a), leadingRun(b)
		a, b = a[len(x):], b[len(y):]
		m, errM := strconv.Atoi(x)
		n, errN := strconv.Atoi(y)
		if errM == nil && errN == nil && m != n {
			return m - n
		}
		if (errM != nil || errN != nil) && x != y {
			return strings.Compare(x, y)
		}
	}
	return len(a) - len(b)
}

// leadingRun returns the digits that s begins with, or else all before its first digit.
func leadingRun(s string) string {
	digit := func(c byte) bool { return c >= '0' && c <= '9' }
	end := 1
	for end < len(s) && digit(s[end]) == digit(s[0]) {
		end++
	}
	return s[:end]
}

// replacedLibraries finds libraries that an upgrade has replaced and that process 1 still runs with their old code. No
// restart of a service cures that.
func (f files) replacedLibraries() []string {
	maps, err := os.ReadFile(f.path("/proc/1/maps"))
	if err != nil {
		return nil
	}
	var names []string
	for line := range strings.Lines(string(maps)) {
		path, gone := strings.CutSuffix(strings.TrimSpace(line), " (deleted)")
		if at := strings.IndexByte(path, '/'); gone && at >= 0 && strings.Contains(path[at:], "/lib") {
			names = append(names, filepath.Base(path[at:]))
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) == 0 {
		return nil
	}
	return []string{"process 1 still runs replaced code: " + strings.Join(names, ", ")}
}
