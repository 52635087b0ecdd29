package main

import (
	"fmt"
	"log/slog"
	"net/url"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	temporallog "go.temporal.io/sdk/log"

	"github.com/patch-manager/patch-manager/workflows"
)

// openTemporal makes a client that connects when it is first used, so that this process starts while Temporal is away.
// Where Temporal is comes from the same environment and files as for Temporal's own tools. The options are returned with
// the client for the namespace in them.
func openTemporal() (client.Client, client.Options, error) {
	options, err := envconfig.LoadDefaultClientOptions()
	if err != nil {
		return nil, options, fmt.Errorf("read Temporal's settings: %w", err)
	}
	if options.Namespace == "" {
		options.Namespace = client.DefaultNamespace
	}
	options.Logger = temporallog.NewStructuredLogger(slog.Default())
	c, err := client.NewLazyClient(options)
	if err != nil {
		return nil, options, fmt.Errorf("open Temporal: %w", err)
	}
	return c, options, nil
}

// runURL is where people find the run of a job in Temporal UI; empty without a UI.
func runURL(ui, namespace, jobID, runID string) string {
	if ui == "" {
		return ""
	}
	address := ui + "/namespaces/" + url.PathEscape(namespace) + "/workflows/" + url.PathEscape(workflows.PatchJobID(jobID))
	if runID != "" {
		address += "/" + url.PathEscape(runID) + "/history"
	}
	return address
}
