package host

import (
	"bufio"
	"bytes"
	"regexp"
	"strings"

	"github.com/patch-manager/patch-manager/agent"
)

// update is one `Inst` line of an apt simulation: a package that would be unpacked.
type update struct {
	name, from, to string // from is empty for a package that is not installed yet
	security       bool
}

// instLine is the form in which apt-get -s prints one unpacking; the origins and the architecture follow the version:
//
//	Inst openssl [3.0.1-1] (3.0.2-1 Debian-Security:12/stable-security, Debian:12/stable [amd64]) []
var instLine = regexp.MustCompile(`^Inst (\S+)(?: \[([^\]]+)\])? \((\S+)([^)]*)\)`)

// parseSimulation reads the output of apt-get -s. Lines that are no unpacking of a well-named package are passed over.
func parseSimulation(out []byte) []update {
	var updates []update
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, maxOutput)
	for lines.Scan() {
		m := instLine.FindStringSubmatch(lines.Text())
		if m == nil || !validPackage(m[1]) {
			continue
		}
		updates = append(updates, update{name: m[1], from: m[2], to: m[3], security: fromSecurity(m[4])})
	}
	return updates
}

// fromSecurity reports whether one of the origins of a version is a security archive: Debian's has the label
// Debian-Security, Ubuntu's the suite <name>-security.
func fromSecurity(origins string) bool {
	origins, _, _ = strings.Cut(origins, "[")
	for origin := range strings.SplitSeq(origins, ",") {
		label, suite, _ := strings.Cut(strings.TrimSpace(origin), "/")
		label, _, _ = strings.Cut(label, ":")
		if strings.EqualFold(label, "Debian-Security") || strings.HasSuffix(suite, "-security") {
			return true
		}
	}
	return false
}

// packageName is Debian's rule for package names (policy 5.6.1), with an optional architecture.
var packageName = regexp.MustCompile(`^[a-z0-9][a-z0-9+.-]+(:[a-z0-9][a-z0-9-]+)?$`)

// maxPackageName bounds a name in bytes; the longest in Debian is about half of it.
const maxPackageName = 200

// validPackage reports whether name is a package name. That alone does not make it safe to hand to apt, which reads a
// trailing - of an unknown name as "remove": only names of installed packages are.
func validPackage(name string) bool {
	return len(name) <= maxPackageName && packageName.MatchString(name)
}

// rebootPackages are names, or beginnings of names, of packages whose new code runs only after a reboot.
var rebootPackages = []string{"linux-image-", "libc6", "systemd", "dbus", "intel-microcode", "amd64-microcode"}

func requiresReboot(name string) bool {
	name, _, _ = strings.Cut(name, ":")
	for _, p := range rebootPackages {
		if name == p || strings.HasSuffix(p, "-") && strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}

// patches joins two simulations: installable is what apt would upgrade now, and wanted what it would were nothing held
// back. What is only in wanted is held back by the host, by a hold, by phasing or since something had to be removed.
func patches(installable, wanted []update) []agent.Patch {
	list := []agent.Patch{}
	seen := map[string]bool{}
	add := func(updates []update, held bool) {
		for _, u := range updates {
			if u.from == "" || seen[u.name] {
				continue // comes along as a dependency of another, and is then nothing that can be asked for
			}
			seen[u.name] = true
			list = append(list, patch(u, held))
		}
	}
	add(installable, false)
	add(wanted, true)
	return list
}

func patch(u update, held bool) agent.Patch {
	p := agent.Patch{
		Name: u.name, CurrentVersion: u.from, AvailableVersion: u.to,
		Severity: severityUnknown, CVEIDs: []string{}, RequiresReboot: requiresReboot(u.name), Held: held,
	}
	if u.security {
		p.Severity, p.Description = severitySecurity, "security update"
	}
	if held {
		p.Description = strings.TrimSpace(p.Description + " held back by this host")
	}
	return p
}

// What the contract calls severity: apt knows no more of it than where an update comes from.
const (
	severitySecurity = "important"
	severityUnknown  = "unknown"
)
