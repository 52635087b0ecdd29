package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/patch-manager/patch-manager/api"
)

func newOpenAPI() *cobra.Command {
	return &cobra.Command{
		Use:   "openapi",
		Short: "Print the OpenAPI document",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := cmd.OutOrStdout().Write(api.Document(api.DocumentVersion)); err != nil {
				return fmt.Errorf("print document: %w", err)
			}
			return nil
		},
	}
}
