package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"
)

// probeTimeout bounds the one request of a probe.
const probeTimeout = 8 * time.Second

// newProbe is for where there is no other program that could ask, as in a container.
func newProbe() *cobra.Command {
	return &cobra.Command{
		Use:   "probe URL",
		Short: "Ask once whether an API or a worker is well, such as http://127.0.0.1:8080/readyz",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), probeTimeout)
			defer cancel()
			return probe(ctx, args[0])
		},
	}
}

func probe(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("probe: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("probe: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("probe %s: %s", url, response.Status)
	}
	return nil
}
