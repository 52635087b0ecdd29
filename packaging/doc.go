// Package packaging holds what is installed on hosts beside the programs.
package packaging

import _ "embed"

// AgentUnit is the systemd unit of the agent; its paths are those of the Debian package.
//
//go:embed patch-agent/patch-agent.service
var AgentUnit string
