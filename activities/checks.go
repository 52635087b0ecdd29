package activities

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/patch-manager/patch-manager/fleet"
)

// Agents gives a handle on the agent of a host; nothing is dialled before the first request.
type Agents interface {
	Connect(e fleet.Endpoint) fleet.AgentConn
}

// Prober carries one check out. It bounds the time of the whole check itself, and an answer that does not come is a
// result like any other, so it never fails.
type Prober interface {
	Service(ctx context.Context, conn fleet.AgentConn, check fleet.Check) fleet.Result
	HTTP(ctx context.Context, check fleet.Check, password string) fleet.Result
}

// Opener decrypts the Basic-auth password of a check. Its errors hold no secret: they become the detail of a result.
type Opener interface {
	Open(ctx context.Context, sealed fleet.SealedPassword, c fleet.Check) (fleet.Secret, error)
}

// ResultWriter keeps results; writing one again changes nothing, and a result of a check that is gone is no error.
type ResultWriter interface {
	StoreResults(ctx context.Context, results []fleet.Result) error
}

// CheckRunner runs checks of one host at a time. The poller, the gate and the manual test all run them through it, so
// that a result means the same wherever it came from. It is safe for concurrent use.
type CheckRunner struct {
	agents    Agents
	prober    Prober
	passwords Opener
	results   ResultWriter
}

// NewCheckRunner makes a runner.
func NewCheckRunner(agents Agents, prober Prober, passwords Opener, results ResultWriter) *CheckRunner {
	return &CheckRunner{agents: agents, prober: prober, passwords: passwords, results: results}
}

// Run runs the given checks of host now, stores their results like a poll and returns them in the order of checks. It
// fails, with nothing stored, when ctx ends first or the store is away; a check that could not be carried out is a
// result with fleet.OutcomeError.
func (r *CheckRunner) Run(ctx context.Context, host fleet.Host, checks []fleet.Check) ([]fleet.Result, error) {
	results, err := r.Probe(ctx, host.Endpoint(), checks)
	if err != nil {
		return nil, err
	}
	if err := r.results.StoreResults(ctx, results); err != nil {
		return nil, fmt.Errorf("store results of host %s: %w", host.ID, err)
	}
	return results, nil
}

// Probe is Run without storing. Service checks share one connection, one after the other as it demands; HTTP checks run
// beside them.
func (r *CheckRunner) Probe(ctx context.Context, host fleet.Endpoint, checks []fleet.Check) ([]fleet.Result, error) {
	results := make([]fleet.Result, len(checks))
	var side sync.WaitGroup
	for i, c := range checks {
		if c.Type == fleet.CheckHTTP {
			side.Go(func() { results[i] = r.http(ctx, c) })
		}
	}
	r.services(ctx, host, checks, results)
	side.Wait()
	// A probe that we broke off looks like a host that did not answer; it must never become a result.
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("run checks of host %s: %w", host.HostID, err)
	}
	for i := range results {
		// As exact as the database keeps it, so that what is returned is what was stored.
		results[i].CheckedAt = results[i].CheckedAt.UTC().Truncate(time.Microsecond)
		results[i].DefinedAt = checks[i].DefinedAt
	}
	return results, nil
}

func (r *CheckRunner) services(ctx context.Context, host fleet.Endpoint, checks []fleet.Check, results []fleet.Result) {
	var conn fleet.AgentConn
	for i, c := range checks {
		if c.Type == fleet.CheckHTTP || ctx.Err() != nil {
			continue
		}
		if conn == nil {
			conn = r.agents.Connect(host)
			defer conn.Close()
		}
		results[i] = r.prober.Service(ctx, conn, c)
	}
}

func (r *CheckRunner) http(ctx context.Context, c fleet.Check) fleet.Result {
	password, err := r.password(ctx, c)
	if err != nil {
		return fleet.Result{
			CheckID: c.ID, HostID: c.HostID, Outcome: fleet.OutcomeError, CheckedAt: time.Now(),
			Detail: fleet.Clip("the stored password can not be read: " + err.Error()),
		}
	}
	return r.prober.HTTP(ctx, c, password.Reveal())
}

func (r *CheckRunner) password(ctx context.Context, c fleet.Check) (fleet.Secret, error) {
	if c.Password == nil {
		return fleet.Secret{}, nil
	}
	return r.passwords.Open(ctx, *c.Password, c)
}
