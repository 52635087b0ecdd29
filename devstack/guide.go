package devstack

import (
	"fmt"
	"io"
	"path/filepath"
)

// PrintGuide tells people where everything is.
func (s *Stack) PrintGuide(out io.Writer) {
	ui := "(the one of " + s.temporalAddress + ")"
	if s.temporalUI != "" {
		ui = s.temporalUI
	}
	fmt.Fprintf(out, `
Patch Manager is running with %d simulated hosts.

  Web UI       %[2]s
  API          %[2]s/api/v1
  Docs         %[2]s/docs
  Temporal UI  %[3]s
  Hosts        http://%[4]s:%[5]d/hosts (break and mend them here)

  Sign in      %[9]s with the password %[10]s (kept in %[11]s)
  Environment  %[6]s (address, admin token, database)
  Certificates %[7]s
  Logs         %[8]s

Ctrl-C stops everything; the state stays.
`, len(s.Fleet.Hosts()), s.API.URL(), ui, Loopback, s.config.Ports.Control, s.path("env"), s.path("pki")+string(filepath.Separator),
		s.path("log")+string(filepath.Separator), devUser, s.password, s.path("password"))
}
