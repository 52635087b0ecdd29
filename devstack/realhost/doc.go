// Package realhost makes and runs a real Debian host for development and tests: a root made by debootstrap, with the
// security suite enabled and nothing of it installed yet, booted by systemd-nspawn with its own systemd, with nginx and
// our agent as services in it. It needs root on Debian or Ubuntu.
//
// The guest shares the network of this machine, since its apt must reach the mirror just as this machine's does. Its
// services listen on loopback addresses that nothing else uses.
package realhost
