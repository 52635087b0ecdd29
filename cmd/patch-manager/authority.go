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
		Lifetime: s.Agent.CertificateLifetime,
	})
	if err != nil || authority == nil {
		return nil, err
	}
	if made {
		slog.Info("made the certificate authority of this installation", "certificate", s.Agent.CA, "key", s.Agent.CAKey)
		if err := db.RecordAuthority(ctx, self(), "authority.create"); err != nil {
			return nil, err
		}
	}
	return authority, renewClient(ctx, authority, db)
}

// keepClient renews the manager's certificate in time, until ctx ends. A failure is for the log and the next try: the
// certificate is good for long yet.
func keepClient(ctx context.Context, authority *pki.Authority, db *store.Store) error {
	tick := time.NewTicker(renewalInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := renewClient(ctx, authority, db); err != nil {
			slog.Error("the manager's certificate can not be renewed", "error", err)
		}
	}
}

func renewClient(ctx context.Context, authority *pki.Authority, db *store.Store) error {
	made, err := authority.KeepClient()
	if err != nil || !made {
		return err
	}
	slog.Info("issued the certificate that agents are dialled with")
	return db.RecordAuthority(ctx, self(), "authority.issue_client")
}

// self is this process where nobody asked it, for the audit entry.
func self() fleet.Actor { return fleet.Actor{Name: "patch-manager"} }
