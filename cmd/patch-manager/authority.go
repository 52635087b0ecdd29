package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/pki"
	"github.com/patch-manager/patch-manager/settings"
	"github.com/patch-manager/patch-manager/store"
)

// renewalInterval is how often the manager's certificate is looked at.
const renewalInterval = time.Hour

// openAuthority opens the built-in certificate authority, and makes it and the manager's certificate at the first start.
// It is nil where the site has an authority of its own.
func openAuthority(ctx context.Context, s settings.Settings, db *store.Store) (*pki.Authority, error) {
	authority, made, err := pki.Open(pki.Config{
		CAFile: s.Agent.CA, CAKeyFile: s.Agent.CAKey, ClientFile: s.Agent.Cert, ClientKey: s.Agent.Key,
		Lifetime:        s.Agent.CertificateLifetime,
		RecordAuthority: record(ctx, db, "authority.create"), RecordClient: record(ctx, db, "authority.issue_client"),
	})
	if err != nil || authority == nil {
		return nil, err
	}
	if made {
		slog.Info("made the certificate authority of this installation", "certificate", s.Agent.CA, "key", s.Agent.CAKey)
	}
	return authority, renewClient(authority)
}

// record audits a certificate that is about to come into force.
func record(ctx context.Context, db *store.Store, action string) func(pki.Own) error {
	return func(c pki.Own) error { return db.RecordAuthority(ctx, self(), action, c.Serial, c.NotAfter) }
}

// keepClient renews the manager's certificate in time, until ctx ends. A failure is for the log and the next try: the
// certificate is good for long yet.
func keepClient(ctx context.Context, authority *pki.Authority) error {
	tick := time.NewTicker(renewalInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := renewClient(authority); err != nil {
			slog.Error("the manager's certificate can not be renewed", "error", err)
		}
	}
}

func renewClient(authority *pki.Authority) error {
	made, err := authority.KeepClient()
	if made {
		slog.Info("issued the certificate that agents are dialled with")
	}
	return err
}

// self is this process where nobody asked it, for the audit entry.
func self() fleet.Actor { return fleet.Actor{Name: "patch-manager"} }
