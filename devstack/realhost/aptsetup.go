package realhost

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// aptSetup is how this machine reaches its Debian mirror, which is how the guest does too.
type aptSetup struct {
	mirror, security string
	options          string // lines of apt.conf: proxies and what else concerns fetching
	proxy            string // for debootstrap, which knows nothing of apt.conf
}

// The addresses that Debian itself uses, for machines whose own apt has no Debian mirror.
const (
	defaultMirror   = "http://deb.debian.org/debian"
	defaultSecurity = "http://deb.debian.org/debian-security"
)

// readAptSetup asks this machine's apt for its mirrors and its options.
func readAptSetup(ctx context.Context) (aptSetup, error) {
	dump, err := exec.CommandContext(ctx, "apt-config", "dump").Output()
	if err != nil {
		return aptSetup{}, err
	}
	// Where apt can not list its targets, Debian's own addresses are as good a guess as any.
	targets, _ := exec.CommandContext(ctx, "apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE)", "Created-By: Packages").Output()
	release, _ := os.ReadFile("/etc/os-release")
	setup := parseAptSetup(string(dump), string(targets), string(release))
	if setup.proxy == "" {
		setup.proxy = os.Getenv("http_proxy")
		if setup.proxy != "" {
			setup.options += `Acquire::http::Proxy "` + setup.proxy + "\";\n"
		}
	}
	return setup, nil
}

var (
	fetchOption = regexp.MustCompile(`^Acquire::(https?(::|\s)|Retries|Check-|ForceIPv)`)
	httpProxy   = regexp.MustCompile(`(?m)^Acquire::http::Proxy "([^"]+)";$`)
)

func parseAptSetup(dump, targets, osRelease string) aptSetup {
	setup := aptSetup{mirror: defaultMirror, security: defaultSecurity}
	for line := range strings.Lines(dump) {
		if fetchOption.MatchString(line) {
			setup.options += line
		}
	}
	if m := httpProxy.FindStringSubmatch(dump); m != nil && m[1] != "DIRECT" {
		setup.proxy = m[1]
	}
	if !strings.Contains(osRelease, "\nID=debian\n") {
		return setup
	}
	codename := releaseCodename(osRelease)
	lines := bufio.NewScanner(bytes.NewBufferString(targets))
	for lines.Scan() {
		uri, release, ok := strings.Cut(strings.TrimSpace(lines.Text()), " ")
		switch uri = strings.TrimSuffix(uri, "/"); {
		case !ok || !strings.HasPrefix(uri, "http"):
		case release == codename:
			setup.mirror = uri
		case release == codename+"-security":
			setup.security = uri
		}
	}
	return setup
}

func releaseCodename(osRelease string) string {
	for line := range strings.Lines(osRelease) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "VERSION_CODENAME="); ok {
			return name
		}
	}
	return ""
}

func (s aptSetup) environment() []string {
	if s.proxy == "" {
		return nil
	}
	return []string{"http_proxy=" + s.proxy}
}

// write sets up apt in the guest: the base suite and, now, the suites with its updates.
func (s aptSetup) write(root string) error {
	sources := "deb " + s.mirror + " " + suite + " main\n" +
		"deb " + s.mirror + " " + suite + "-updates main\n" +
		"deb " + s.security + " " + suite + "-security main\n"
	if err := os.WriteFile(filepath.Join(root, "etc/apt/sources.list"), []byte(sources), 0o644); err != nil {
		return err
	}
	options := "Acquire::Languages \"none\";\n" + s.options
	return os.WriteFile(filepath.Join(root, "etc/apt/apt.conf.d/90guest"), []byte(options), 0o644)
}
