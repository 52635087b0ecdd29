package demo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/patch-manager/patch-manager/agent/agenttest"
	"github.com/patch-manager/patch-manager/devstack/realhost"
)

// startGuest boots the guest with an agent whose certificate is of the stack's CA.
func (d *realDemonstration) startGuest(ctx context.Context) error {
	agent := net.JoinHostPort(realAddress, strconv.Itoa(realAgent))
	for _, address := range []string{agent, realWeb} {
		if err := free(ctx, address); err != nil {
			return err
		}
	}
	pki, err := agenttest.NewPKI(filepath.Join(d.Dir, "pki"))
	if err != nil {
		return err
	}
	cert, key := filepath.Join(d.Dir, "pki", "real.pem"), filepath.Join(d.Dir, "pki", "real-key.pem")
	if err := pki.WriteServer(realFQDN, cert, key); err != nil {
		return err
	}
	guest, err := realhost.Prepare(ctx, realhost.Config{
		Dir: d.GuestDir, FQDN: realFQDN, AgentListen: agent, WebListen: realWeb, AgentProgram: d.AgentProgram,
		CA: pki.CAFile(), ServerCert: cert, ServerKey: key, Say: d.Say,
	})
	if err != nil {
		return err
	}
	if err := guest.Start(); err != nil {
		return err
	}
	d.guest, d.boots = guest, guest.Boots()
	d.say("%s boots: Debian in a container, with its own systemd, nginx and our agent", short(realFQDN))
	return nil
}

func free(ctx context.Context, address string) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("the guest needs %s: %w", address, err)
	}
	return l.Close()
}

// seeToReboot makes sure that there will be a reboot to see. If what process 1 of the guest runs is about to be replaced,
// the agent will ask for one; otherwise an administrator would.
func (d *realDemonstration) seeToReboot(ctx context.Context) error {
	causes, err := d.guest.InUseByInit(ctx, d.pending)
	if err != nil {
		return err
	}
	if len(causes) > 0 {
		d.say("its systemd runs code of %s: their upgrade will require a reboot", strings.Join(causes, ", "))
		return nil
	}
	if _, err := d.guest.Exec(ctx, "touch", "/run/reboot-required"); err != nil {
		return err
	}
	d.say("no pending package requires a reboot: an administrator asks for one with /run/reboot-required")
	return nil
}

// breakNginx stops nginx as an administrator would.
func (d *realDemonstration) breakNginx(ctx context.Context) error {
	if len(d.pending) == 0 {
		return errors.New("nothing is upgradable in the guest: the mirror has no updates for the base suite")
	}
	if _, err := d.guest.Exec(ctx, "systemctl", "stop", "nginx"); err != nil {
		return err
	}
	d.say("somebody stops nginx on %s", short(realFQDN))
	return nil
}
