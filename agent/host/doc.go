// Package host is the agent that runs on a patched host: it serves the contract of package agent over mutual TLS, from
// systemd over D-Bus and from apt. It only acts; health checks, windows and jobs of many hosts are the manager's.
//
// Whatever changes the host runs in a transient systemd unit of its own (see Run), so that stopping, upgrading or
// crashing the agent never takes apt down with it. All that is known of a job is in its folder on disk, so that the
// agent answers for it after its own restart and after the host's.
//
// One job that changes the host runs at a time: a second apply is refused with PACKAGE_DB_MUTATION_IN_PROGRESS, a second
// reboot with REBOOT_BLOCKED, an apply before a scheduled reboot with ADMISSION_CLOSED. That is stricter than the five
// jobs of other agents, and there is no queue in which a request could wait past its maintenance window.
//
// No program is started through a shell, and no request's text reaches a program before it has passed a syntax check.
package host
