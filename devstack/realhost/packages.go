package realhost

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Upgrade is one package version that dpkg has replaced.
type Upgrade struct {
	At                time.Time // to the second
	Package, From, To string
}

// DpkgLog returns the upgrades in the guest's dpkg log, in their order.
func (g *Guest) DpkgLog() ([]Upgrade, error) {
	b, err := os.ReadFile(filepath.Join(g.root, "var/log/dpkg.log"))
	if err != nil {
		return nil, fmt.Errorf("read the guest's dpkg log: %w", err)
	}
	return parseDpkgLog(string(b)), nil
}

// parseDpkgLog reads lines such as
//
//	2026-11-23 08:21:14 upgrade libssl3:amd64 3.0.20-1~deb12u2 3.0.22-1~deb12u2
func parseDpkgLog(log string) []Upgrade {
	var upgrades []Upgrade
	for line := range strings.Lines(log) {
		f := strings.Fields(line)
		if len(f) != 6 || f[2] != "upgrade" {
			continue
		}
		at, err := time.Parse(time.DateTime, f[0]+" "+f[1]) // the guest's zone is UTC
		if err != nil {
			continue
		}
		upgrades = append(upgrades, Upgrade{At: at, Package: f[3], From: f[4], To: f[5]})
	}
	return upgrades
}

// Upgradable asks the guest's apt itself what is upgradable, held packages included.
func (g *Guest) Upgradable(ctx context.Context) ([]string, error) {
	out, err := g.Exec(ctx, "apt", "list", "--upgradable")
	if err != nil {
		return nil, err
	}
	return parseUpgradable(out), nil
}

func parseUpgradable(out string) []string {
	var names []string
	for line := range strings.Lines(out) {
		if name, _, ok := strings.Cut(line, "/"); ok && strings.Contains(line, "[upgradable from: ") {
			names = append(names, name)
		}
	}
	return names
}

// InUseByInit returns which of the packages own a library that the guest's process 1 runs. Once such a one is replaced,
// the host needs a reboot.
func (g *Guest) InUseByInit(ctx context.Context, packages []string) ([]string, error) {
	maps, err := g.Exec(ctx, "cat", "/proc/1/maps")
	if err != nil {
		return nil, err
	}
	running := libraries(maps)
	var causes []string
	for _, name := range packages {
		owned, err := g.Exec(ctx, "dpkg", "--listfiles", name)
		if err != nil {
			return nil, err
		}
		if ownsAny(owned, running) {
			causes = append(causes, name)
		}
	}
	return causes, nil
}

// libraries returns the names of the libraries in a process's memory map.
func libraries(maps string) map[string]bool {
	names := map[string]bool{}
	for line := range strings.Lines(maps) {
		line = strings.TrimSpace(line)
		if at := strings.IndexByte(line, '/'); at >= 0 && strings.Contains(line[at:], ".so") {
			names[filepath.Base(line[at:])] = true
		}
	}
	return names
}

// ownsAny goes by the last part of paths: packages may list /lib for what the kernel knows as /usr/lib.
func ownsAny(listed string, names map[string]bool) bool {
	for path := range strings.Lines(listed) {
		if names[filepath.Base(strings.TrimSpace(path))] {
			return true
		}
	}
	return false
}
