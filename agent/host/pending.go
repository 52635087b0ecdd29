package host

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/patch-manager/patch-manager/agent"
)

// simulation runs apt-get without taking its lock: an update in progress must not make a host unreadable.
func simulation(args ...string) Command {
	return Command{Path: "apt-get", Args: append([]string{"-s", "-q", "-o", "Debug::NoLocking=true"}, args...)}
}

// remembered is an answer of apt, which stands as long as nothing that it was made of has changed.
type remembered struct {
	made    string // of what
	at      time.Time
	patches []agent.Patch
}

// memory bounds how long an answer stands, for what changes without a trace, as the share of a phased update does.
const memory = 10 * time.Minute

// Pending lists what apt would upgrade now, by what is in its cache, and what the host holds back. Asking apt takes some
// seconds on a busy host, and the manager asks shortly before it sends an apply: an answer is remembered.
func (a *Agent) Pending(ctx context.Context) ([]agent.Patch, error) {
	a.simulating.Lock() // each simulation takes a core for a second
	defer a.simulating.Unlock()
	made := a.files.aptState() // before apt looks: what changes meanwhile is seen the next time
	if a.last.made == made && a.now().Sub(a.last.at) < memory {
		return slices.Clone(a.last.patches), nil
	}
	pending, err := a.simulate(ctx)
	if err != nil {
		return nil, err
	}
	a.last = remembered{made: made, at: a.now(), patches: pending}
	return slices.Clone(pending), nil
}

// aptState changes with the installed packages, their holds, the package lists and apt's configuration.
func (f files) aptState() string {
	var state strings.Builder
	for _, name := range []string{
		"/var/lib/dpkg/status", "/var/lib/apt/lists", "/var/lib/apt/extended_states", "/etc/apt/preferences", "/etc/apt/preferences.d",
		"/etc/apt/sources.list", "/etc/apt/sources.list.d", "/etc/apt/apt.conf", "/etc/apt/apt.conf.d",
	} {
		fmt.Fprintln(&state, f.modified(name).UnixNano())
	}
	return state.String()
}

// simulate asks apt twice. `upgrade --with-new-pkgs` is the first since it is what an apply can reach: it may bring new
// packages along, as a kernel does, and never removes one. Ubuntu's phased updates are left out of it by apt itself.
func (a *Agent) simulate(ctx context.Context) ([]agent.Patch, error) {
	installable, err := a.commands.Output(ctx, simulation("upgrade", "--with-new-pkgs"))
	if err != nil {
		return nil, fmt.Errorf("simulate the upgrade: %w", err)
	}
	wanted, err := a.commands.Output(ctx, simulation("dist-upgrade", "--ignore-hold", "-o", "APT::Get::Always-Include-Phased-Updates=true"))
	if err != nil {
		return nil, fmt.Errorf("simulate the upgrade without holds: %w", err)
	}
	return patches(parseSimulation(installable), parseSimulation(wanted)), nil
}

// installed is the packages of the host by name, with and without the architecture, and whether each is on hold.
type installed map[string]bool

func queryInstalled(ctx context.Context, commands Commander) (installed, error) {
	out, err := commands.Output(ctx, Command{
		Path: "dpkg-query", Args: []string{"-W", "-f", "${db:Status-Abbrev}\t${Package}\t${Architecture}\n"},
	})
	if err != nil {
		return nil, fmt.Errorf("list the installed packages: %w", err)
	}
	return parseInstalled(out), nil
}

// parseInstalled reads dpkg-query's lines. The state is two letters, what is wanted and what is: `ii`, on hold `hi`;
// a removed package whose configuration is left over is `rc` and counts as not installed.
func parseInstalled(out []byte) installed {
	found := installed{}
	for line := range strings.Lines(string(out)) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(fields) != 3 || len(fields[0]) < 2 || strings.ContainsRune("nc", rune(fields[0][1])) {
			continue
		}
		held := fields[0][0] == 'h'
		found[fields[1]] = found[fields[1]] || held
		found[fields[1]+":"+fields[2]] = held
	}
	return found
}

// databaseClean reports whether dpkg has no half-done work: an upgrade that was cut off leaves some.
func databaseClean(ctx context.Context, commands Commander) (bool, error) {
	out, err := commands.Output(ctx, Command{Path: "dpkg", Args: []string{"--audit"}})
	if err != nil {
		if code, ran := exitCode(err); ran && code == 1 { // older and newer versions differ in how they say "not clean"
			return false, nil
		}
		return false, fmt.Errorf("audit the package database: %w", err)
	}
	return strings.TrimSpace(string(out)) == "", nil
}
