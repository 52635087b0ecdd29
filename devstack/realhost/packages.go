package realhost

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Upgrade is one package version that dpkg has replaced.
type Upgrade struct{ Package, From, To string }

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
		if f := strings.Fields(line); len(f) == 6 && f[2] == "upgrade" {
			upgrades = append(upgrades, Upgrade{Package: f[3], From: f[4], To: f[5]})
		}
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
