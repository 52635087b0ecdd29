package main

import (
	"context"
	"log/slog"
	"os"
	"runtime"
	"time"

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"

	"github.com/patch-manager/patch-manager/access"
	"github.com/patch-manager/patch-manager/api"
	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/secret"
	"github.com/patch-manager/patch-manager/settings"
	"github.com/patch-manager/patch-manager/workflows"
)

// maxWait is how long a host waits for a window of its job unless the job says; every monthly window occurs within.
const maxWait = 36 * 24 * time.Hour

func newAPI() *cobra.Command {
	cmd := &cobra.Command{Use: "api", Short: "Serve the API"}
	return withSettings(cmd, func(cmd *cobra.Command, s settings.Settings) error { return runAPI(cmd.Context(), s) })
}

// passwordsAtOnce bounds how many passwords are hashed at a time. It leaves every other processor to the rest.
func passwordsAtOnce() int { return max(1, runtime.GOMAXPROCS(0)/2) }

func runAPI(ctx context.Context, s settings.Settings) error {
	public, err := s.Public()
	if err != nil {
		return err
	}
	signOn, err := openSignOn(s, public)
	if err != nil {
		return err
	}
	passwords, err := access.NewPasswords(passwordsAtOnce())
	if err != nil {
		return err
	}
	db, closeDB, err := openStore(ctx, s)
	if err != nil {
		return err
	}
	defer closeDB()
	keys, err := secret.Open(ctx, s.Keys.HealthCheck, db)
	if err != nil {
		return err
	}
	if err := offerSetup(ctx, db, os.Stderr); err != nil {
		return err
	}
	authority, err := openAuthority(ctx, s, db)
	if err != nil {
		return err
	}
	temporal, options, err := openTemporal()
	if err != nil {
		return err
	}
	defer temporal.Close()
	ui, err := pages()
	if err != nil {
		return err
	}
	config := api.Config{
		Store: db, Runs: runs{workflows.NewClient(temporal)}, Sealer: secret.Plain{Keyring: keys}, Policy: apiPolicy(s),
		SignOn: signOn, RoleMappings: s.OIDC.RoleMappings,
		Passwords: passwords, Secure: public.Scheme == "https", TrustedProxies: s.API.TrustedProxies,
		Ready: map[string]func(context.Context) error{"database": db.Ping},
		// Temporal is no condition: jobs are taken while it is away, and started when it is back.
		Optional: map[string]func(context.Context) error{"temporal": func(ctx context.Context) error {
			_, err := temporal.CheckHealth(ctx, &client.CheckHealthRequest{})
			return err
		}},
		RunLink: func(jobID, runID string) api.RunLink {
			return api.RunLink{
				WorkflowID: workflows.PatchJobID(jobID),
				URL:        runURL(s.Temporal.UIURL, options.Namespace, jobID, runID),
			}
		},
		Metrics: newMetrics(s, db).Text, Pages: ui,
		Stopping: ctx.Done(), Log: slog.Default(), Version: version(), Now: time.Now,
		About: about(s, options),
	}
	parts := []func(context.Context) error{
		func(ctx context.Context) error { return serve(ctx, s.API.Listen, api.New(config)) },
		attend(answers(s.API.Listen)),
	}
	if authority != nil {
		config.Authority = authority
		parts = append(parts, func(ctx context.Context) error { return keepClient(ctx, authority) })
	}
	return together(ctx, parts...)
}

func apiPolicy(s settings.Settings) api.Policy {
	return api.Policy{
		AgentPort: s.Agent.Port, PollInterval: s.Health.PollInterval, ResultRetention: s.Health.ResultRetention,
		Cutoff: s.Windows.Cutoff, CutoffWithReboot: s.Windows.CutoffWithReboot, GateTimeout: s.Gate.ImmediateTimeout,
		MaxWait: maxWait, IgnoreCertErrorsDefault: s.Checks.IgnoreCertErrorsDefault,
		Outbound:      s.Checks.Outbound,
		TokenLifetime: s.Tokens.MaxLifetime,
	}
}

// about is what administrators see of this process.
func about(s settings.Settings, temporal client.Options) api.About {
	address := temporal.HostPort
	if address == "" {
		address = client.DefaultHostPort
	}
	return api.About{
		Settings: s.Shown, Commit: commit(), Go: runtime.Version(),
		Temporal: api.TemporalServer{Address: address, Namespace: temporal.Namespace, UIURL: s.Temporal.UIURL},
	}
}

// runs is the workflows' client as the API knows it.
type runs struct{ *workflows.Client }

// TestCheck runs a check in a worker.
func (r runs) TestCheck(ctx context.Context, in api.TestCheckRequest) (fleet.Result, error) {
	return r.Client.TestCheck(ctx, workflows.TestCheckInput{
		HostID: in.HostID, CheckID: in.CheckID, Zone: in.Zone, Actor: in.Actor,
	})
}
