package workertest

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/patch-manager/patch-manager/agent/agenttest"
	"github.com/patch-manager/patch-manager/fleet"
)

// Admin is who registers hosts and asks for jobs.
var Admin = fleet.Caller{Principal: fleet.Principal{Name: "workertest", UserID: uuid.NewString(), Admin: true}}

// registerAtOnce is how many hosts are registered side by side.
const registerAtOnce = 8

// Register registers simulated hosts, each with a check of its first service where it has one, and returns their ids in
// the order of specs.
func (s *System) Register(ctx context.Context, specs []agenttest.HostSpec) ([]string, error) {
	ids := make([]string, len(specs))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(registerAtOnce)
	for i, spec := range specs {
		group.Go(func() (err error) {
			ids[i], err = s.registerHost(ctx, spec)
			return err
		})
	}
	return ids, group.Wait()
}

func (s *System) registerHost(ctx context.Context, spec agenttest.HostSpec) (string, error) {
	e := s.Fleet.Host(spec.FQDN).Endpoint()
	id, err := s.Store.CreateHost(ctx, Admin, fleet.HostInput{
		FQDN: e.FQDN, Address: e.Address, AgentPort: e.Port, Zone: fleet.DefaultZone, InheritWindows: true,
	})
	if err != nil {
		return "", fmt.Errorf("register %s: %w", spec.FQDN, err)
	}
	if len(spec.Services) == 0 {
		return id, nil
	}
	name := spec.Services[0].Name
	err = s.Store.CreateCheck(ctx, Admin, fleet.Check{
		ID: newID(), HostID: id, Name: name, Type: fleet.CheckService, Enabled: true, ServiceName: name,
		FailureThreshold: 1, SuccessThreshold: 1,
	})
	if err != nil {
		return "", fmt.Errorf("add check to %s: %w", spec.FQDN, err)
	}
	return id, nil
}

// OpenSite opens a maintenance window of the site that began a while ago and ends after at least the given time; it
// returns its end, which is at a whole minute.
func (s *System) OpenSite(ctx context.Context, atLeast time.Duration) (time.Time, error) {
	return s.window(ctx, fleet.Window{Scope: fleet.ScopeSite}, atLeast)
}

// OpenHost is OpenSite for one host.
func (s *System) OpenHost(ctx context.Context, hostID string, atLeast time.Duration) (time.Time, error) {
	return s.window(ctx, fleet.Window{Scope: fleet.ScopeHost, HostID: hostID}, atLeast)
}

func (s *System) window(ctx context.Context, w fleet.Window, atLeast time.Duration) (time.Time, error) {
	start := time.Now().UTC().Add(-5 * time.Minute).Truncate(time.Minute)
	end := time.Now().UTC().Add(atLeast).Truncate(time.Minute).Add(time.Minute)
	w.Kind, w.Label, w.TimeZone, w.Recurrence, w.Enabled = fleet.Maintenance, "open now", "UTC", fleet.Once, true
	w.StartsOn, w.StartTime = fleet.DateOf(start), fleet.TimeOfDay{Hour: start.Hour(), Minute: start.Minute()}
	w.DurationMinutes = int(end.Sub(start) / time.Minute)
	_, err := s.Store.CreateWindow(ctx, Admin, w)
	return end, err
}

// JobSpec is a job over hosts.
type JobSpec struct {
	HostIDs     []string
	Immediate   bool
	AllowReboot bool
	MaxParallel int           // 0 means all hosts
	GateTimeout time.Duration // 0 means an hour
}

// maxFailures lets a job go on whatever fails.
const maxFailures = 1_000_000

// NewJob stores a job, without starting its run, and returns its id.
func (s *System) NewJob(ctx context.Context, j JobSpec) (string, error) {
	id, _, err := s.Store.CreateJob(ctx, Admin, fleet.JobRequest{
		HostIDs: j.HostIDs, Immediate: j.Immediate, AllowReboot: j.AllowReboot,
		MaxParallel: fleet.Limit{N: orDefault(j.MaxParallel, len(j.HostIDs))}, MaxFailures: fleet.Limit{N: maxFailures},
		GateTimeout: orDefault(j.GateTimeout, time.Hour), MaxWait: 24 * time.Hour,
	})
	return id, err
}

// StartJob stores a job and starts its run.
func (s *System) StartJob(ctx context.Context, j JobSpec) (string, error) {
	id, err := s.NewJob(ctx, j)
	if err != nil {
		return "", err
	}
	return id, s.Client.StartJob(ctx, id)
}

func orDefault[T comparable](v, def T) T {
	var zero T
	if v == zero {
		return def
	}
	return v
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }
