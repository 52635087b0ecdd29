package agenttest

import (
	"crypto/tls"
	"fmt"
	"time"
)

// HostSpec is what a simulated host is at its first boot.
type HostSpec struct {
	FQDN           string
	Quirks         Quirks
	Services       []ServiceSpec
	Patches        []PatchSpec
	ApplyDuration  time.Duration // 0 means 2 s
	RebootDowntime time.Duration // how long nothing answers while it reboots; 0 means 1 s
	PendingReboot  bool
	WebUnhealthy   bool
	NoWeb          bool // has no web page, and so takes one socket less
	// WebUser and WebPassword are what the web page asks for; anybody may see it where the user is empty.
	WebUser, WebPassword string
	// CertificateName is the name in the agent's certificate; empty means FQDN.
	CertificateName     string
	CertificateNotAfter time.Time // zero means in two years
	// Certificate is what the agent shows in place of one that the PKI issues, as a host has it that enrolled.
	Certificate *tls.Certificate
	MaxTLS12    bool // speaks nothing newer, against the contract
}

// ServiceSpec is a service of a host.
type ServiceSpec struct {
	Name        string // with its type, as in nginx.service
	Description string
	Oneshot     bool
	Unhealthy   bool
}

// PatchSpec is a pending update.
type PatchSpec struct {
	Name, From, To string
	Severity       string
	Description    string
	CVEs           []string
	RequiresReboot bool
	Held           bool // stays pending whatever is applied
}

// Quirks are what one version of the agent does differently from another.
type Quirks struct {
	Version          string
	TimedOut         string // how a timed-out job is spelled
	ApplyOperation   string // patchapply or patch_apply
	OldFieldNames    bool   // progress_percent and output
	RebootField      string // the field of an apply request that is known; others are dropped in silence
	OneshotUnhealthy bool   // a oneshot unit that finished well is not healthy
	HonoursKeys      bool   // the same Idempotency-Key is the same job
	KeepsJobs        bool   // jobs survive a restart
	TellsHeld        bool
	ReadsPerMinute   int // 0 means no limit
	WritesPerMinute  int // 0 means no limit
}

// The versions of the agent that are simulated, oldest first.
var Versions = []Quirks{
	{Version: "2.3.1", TimedOut: "timeout", ApplyOperation: "patchapply", OldFieldNames: true, RebootField: "reboot", OneshotUnhealthy: true},
	{Version: "2.4.7", TimedOut: "timedout", ApplyOperation: "patchapply", RebootField: "reboot", OneshotUnhealthy: true},
	{Version: "2.5.5", TimedOut: "timedout", ApplyOperation: "patch_apply", RebootField: "allow_reboot"},
	{Version: "2.6.0", TimedOut: "timed_out", ApplyOperation: "patch_apply", RebootField: "allow_reboot", HonoursKeys: true, KeepsJobs: true, TellsHeld: true},
}

// VersionQuirks returns the quirks of a simulated version.
func VersionQuirks(version string) (Quirks, error) {
	for _, q := range Versions {
		if q.Version == version {
			return q, nil
		}
	}
	return Quirks{}, fmt.Errorf("simulate agent: version %q is not one of those simulated", version)
}

// demoRoles are the kinds of hosts of the demo fleet.
var demoRoles = []struct {
	name     string
	services []ServiceSpec
	packages []string
}{
	{"web", services("nginx.service"), []string{"nginx", "openssl", "curl"}},
	{"db", services("postgresql.service"), []string{"postgresql-15", "libc6", "linux-image-amd64"}},
	{"app", services("app.service", "redis-server.service"), []string{"redis-server", "openssl", "libc6"}},
}

func services(names ...string) []ServiceSpec {
	out := []ServiceSpec{}
	for _, name := range append(names, "ssh.service", "node_exporter.service") {
		out = append(out, ServiceSpec{Name: name, Description: descriptions[name]})
	}
	return append(out, ServiceSpec{Name: "systemd-tmpfiles-setup.service", Description: "Create System Files and Directories", Oneshot: true})
}

var descriptions = map[string]string{
	"nginx.service":         "A high performance web server and a reverse proxy server",
	"postgresql.service":    "PostgreSQL RDBMS",
	"redis-server.service":  "Advanced key-value store",
	"app.service":           "Order application",
	"ssh.service":           "OpenBSD Secure Shell server",
	"node_exporter.service": "Prometheus exporter for machine metrics",
}

var demoPatches = map[string]PatchSpec{
	"nginx":             {From: "1.22.1-9", To: "1.22.1-9+deb12u2", Severity: "important", Description: "small, powerful, scalable web/proxy server"},
	"openssl":           {From: "3.0.15-1~deb12u1", To: "3.0.17-1~deb12u2", Severity: "critical", Description: "Secure Sockets Layer toolkit - cryptographic utility", CVEs: []string{"CVE-2025-9230"}},
	"curl":              {From: "7.88.1-10+deb12u8", To: "7.88.1-10+deb12u12", Severity: "moderate", Description: "command line tool for transferring data with URL syntax"},
	"postgresql-15":     {From: "15.8-0+deb12u1", To: "15.14-0+deb12u1", Severity: "important", Description: "The World's Most Advanced Open Source Relational Database"},
	"libc6":             {From: "2.36-9+deb12u8", To: "2.36-9+deb12u13", Severity: "important", Description: "GNU C Library: Shared libraries", CVEs: []string{"CVE-2025-4802"}},
	"linux-image-amd64": {From: "6.1.106-3", To: "6.1.153-1", Severity: "critical", Description: "Linux for 64-bit PCs (meta-package)", RequiresReboot: true},
	"redis-server":      {From: "5:7.0.15-1~deb12u1", To: "5:7.0.15-1~deb12u6", Severity: "critical", Description: "Persistent key-value database with network interface", CVEs: []string{"CVE-2025-49844"}},
}

// DemoHosts describes n believable hosts, web-01, db-01, app-01, web-02 and so on, of all simulated versions.
func DemoHosts(n int) []HostSpec {
	hosts := make([]HostSpec, n)
	for i := range hosts {
		role := demoRoles[i%len(demoRoles)]
		hosts[i] = HostSpec{
			FQDN:     fmt.Sprintf("%s-%02d.demo.internal", role.name, i/len(demoRoles)+1),
			Quirks:   Versions[i%len(Versions)],
			Services: role.services,
		}
		for _, name := range role.packages {
			patch := demoPatches[name]
			patch.Name = name
			hosts[i].Patches = append(hosts[i].Patches, patch)
		}
	}
	return hosts
}
