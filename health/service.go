package health

import (
	"context"
	"errors"

	"github.com/patch-manager/patch-manager/fleet"
)

// Service asks the host's agent about the service of check. The agent's healthy boolean is authoritative; every other
// answer, and none, is unhealthy.
func (p *Prober) Service(ctx context.Context, conn fleet.AgentConn, check fleet.Check) fleet.Result {
	return p.run(ctx, check, func(ctx context.Context) verdict {
		service, err := conn.Service(ctx, check.ServiceName)
		if err != nil {
			return p.serviceFailed(ctx, err)
		}
		state := service.ActiveState + "/" + service.SubState
		if !service.Healthy {
			return unhealthy("%s is not healthy: the agent says %s", check.ServiceName, state)
		}
		return healthy("%s is %s", check.ServiceName, state)
	})
}

func (p *Prober) serviceFailed(ctx context.Context, err error) verdict {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return unhealthy("no answer from the agent within %s", p.timeout)
	}
	if errors.Is(err, fleet.ErrAgentUnjudged) {
		return failure("%s", err)
	}
	return unhealthy("%s", err)
}
