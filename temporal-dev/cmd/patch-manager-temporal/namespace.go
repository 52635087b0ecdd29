package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/types/known/durationpb"
)

// ensureNamespace makes the namespace that everybody uses who does not say, and waits until it can be worked in: each part
// of the server learns of it by and by.
func ensureNamespace(ctx context.Context, temporal client.Client, retention time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		err := makeNamespace(ctx, temporal, retention)
		if err == nil {
			_, err = temporal.WorkflowService().ListSchedules(ctx, &workflowservice.ListSchedulesRequest{
				Namespace: client.DefaultNamespace, MaximumPageSize: 1,
			})
		}
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("make namespace %s: %w", client.DefaultNamespace, err)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func makeNamespace(ctx context.Context, temporal client.Client, retention time.Duration) error {
	_, err := temporal.WorkflowService().RegisterNamespace(ctx, &workflowservice.RegisterNamespaceRequest{
		Namespace: client.DefaultNamespace, WorkflowExecutionRetentionPeriod: durationpb.New(retention),
	})
	var there *serviceerror.NamespaceAlreadyExists
	if errors.As(err, &there) {
		return nil
	}
	return err
}
