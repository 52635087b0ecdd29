package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"go.temporal.io/sdk/client"
)

// unpolled is what a host of pausePoller is, by its number, while nobody polls.
type unpolled int

const (
	stillHealthy  unpolled = iota
	sickSince              // its last result says healthy; its window closes
	mendedSince            // its last result says unhealthy
	mendedWaiting          // likewise, and it is mended while its job waits, which nobody but its own gate finds
	leftAlone              // of no job
	unpolledKinds
)

// pausePoller has the poller stand still for what is an hour by all that is stored, and patches hosts then: people are told how
// old what they see is, the gate asks for itself, and all is current again soon after the poller goes on.
func pausePoller(ctx context.Context, s *scene) error {
	if err := s.beginUnpolled(ctx); err != nil {
		return err
	}
	temporal, err := s.temporal()
	if err != nil {
		return err
	}
	defer temporal.Close()
	if err := pausePolls(ctx, temporal); err != nil {
		return err
	}
	paused := time.Now()
	if err := s.ageResults(ctx); err != nil {
		return err
	}
	s.faults++
	if err := s.expectOld(ctx); err != nil {
		return err
	}
	if err := s.patchUnpolled(ctx); err != nil {
		return err
	}
	for i, h := range s.hosts {
		s.expect(unpolled(i)%unpolledKinds != leftAlone || asked(h, askService, paused).IsZero(), "%s was asked while the poller was paused", h.FQDN())
		h.SetServiceHealthy(service, true)
	}
	return s.resumePolls(ctx, temporal)
}

// beginUnpolled has some hosts be unhealthy as long as anybody polls.
func (s *scene) beginUnpolled(ctx context.Context) error {
	var sick []*host
	for i, h := range s.hosts {
		if kind := unpolled(i) % unpolledKinds; kind == mendedSince || kind == mendedWaiting {
			h.SetServiceHealthy(service, false)
			sick = append(sick, h)
		}
	}
	return s.awaitUnhealthy(ctx, sick)
}

const pollHealth = "poll-health" // the schedule

// pausePolls returns once no sweep is under way and none will be.
func pausePolls(ctx context.Context, temporal client.Client) error {
	polls := temporal.ScheduleClient().GetHandle(ctx, pollHealth)
	if err := polls.Pause(ctx, client.SchedulePauseOptions{Note: "by the harness"}); err != nil {
		return fmt.Errorf("pause the poller: %w", err)
	}
	for {
		is, err := polls.Describe(ctx)
		if err != nil {
			return fmt.Errorf("pause the poller: %w", err)
		}
		if len(is.Info.RunningWorkflows) == 0 {
			return nil
		}
		if err := sleep(ctx, lookInterval); err != nil {
			return err
		}
	}
}

// ageResults makes everything that was stored of checks an hour older, as the owner of the database.
func (s *scene) ageResults(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, s.DatabaseURL())
	if err != nil {
		return fmt.Errorf("age results: %w", err)
	}
	defer conn.Close(ctx)
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		var errs []error
		for _, statement := range []string{
			`select make_partitions(now() - interval '3 hours', now())`,
			`update host_health_check_results set checked_at = checked_at - interval '1 hour'`,
			`update health_check_states set checked_at = checked_at - interval '1 hour', since = since - interval '1 hour',
				shown_since = shown_since - interval '1 hour'`,
		} {
			_, err := tx.Exec(ctx, statement)
			errs = append(errs, err)
		}
		return errors.Join(errs...)
	})
}

// expectOld expects that people are told of every host that its health is unknown by now, and since when.
func (s *scene) expectOld(ctx context.Context) error {
	all := len(s.hosts)
	if err := s.awaitHealth(ctx, func(h healthCounts) bool { return h.Hosts.Unknown == all && h.Stale == all }); err != nil {
		return fmt.Errorf("await that all hosts are unknown: %w", err)
	}
	for _, h := range s.hosts {
		var is struct {
			Health struct {
				State          string
				Stale          bool
				OldestResultAt time.Time `json:"oldest_result_at"`
			}
		}
		if err := s.API.Do(ctx, http.MethodGet, "/hosts/"+h.id, nil, &is); err != nil {
			return err
		}
		age := time.Since(is.Health.OldestResultAt)
		s.expect(is.Health.State == "unknown" && is.Health.Stale && age > time.Hour && age < time.Hour+time.Minute,
			"%s is shown as %s, stale: %t, %s after its last poll", h.FQDN(), is.Health.State, is.Health.Stale, age)
	}
	return nil
}

// healthCounts is what people are told of the health of the fleet.
type healthCounts struct {
	Hosts struct{ Total, Healthy, Unknown int }
	Stale int `json:"stale_hosts"`
}

func (s *scene) awaitHealth(ctx context.Context, is func(healthCounts) bool) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		var told healthCounts
		if err := s.API.Do(ctx, http.MethodGet, "/fleet/summary", nil, &told); err != nil {
			return err
		}
		if is(told) {
			return nil
		}
		if err := sleep(ctx, lookInterval); err != nil {
			return fmt.Errorf("%w: told %+v", err, told)
		}
	}
}

// patchUnpolled patches hosts by what the gate asks for itself.
func (s *scene) patchUnpolled(ctx context.Context) error {
	var patched, waiting []*host
	end := wholeMinute(time.Now().Add(cutoff + 20*time.Second))
	for i, h := range s.hosts {
		switch unpolled(i) % unpolledKinds {
		case leftAlone:
			continue
		case sickSince:
			h.SetServiceHealthy(service, false)
			if err := s.moveWindow(ctx, h, end.Add(-3*time.Hour), end); err != nil {
				return err
			}
		case mendedSince:
			h.SetServiceHealthy(service, true)
		case mendedWaiting:
			waiting = append(waiting, h)
		}
		patched = append(patched, h)
	}
	submitted := time.Now()
	job, err := s.submit(ctx, patched, nil)
	if err != nil {
		return err
	}
	if err := sleep(ctx, 6*time.Second); err != nil { // in which the gate looks and waits
		return err
	}
	mended := time.Now()
	for _, h := range waiting {
		s.expect(len(s.Fleet.ExecutionsOf(h.FQDN(), applied)) == 0, "%s was patched while it was unhealthy", h.FQDN())
		h.SetServiceHealthy(service, true)
	}
	s.awaitEnds(ctx)
	for _, h := range waiting {
		if sent := asked(h, sendApply, mended); !sent.IsZero() {
			s.recovers("a host that is mended is patched without a poll", sent.Sub(mended), 10*time.Second)
		}
	}
	return s.expectUnpolled(ctx, job, submitted)
}

// expectUnpolled expects that each host was patched as it was by the answer to the gate's own question.
func (s *scene) expectUnpolled(ctx context.Context, job string, submitted time.Time) error {
	runs, err := s.runsOf(ctx, job)
	if err != nil {
		return err
	}
	byName := byName(runs)
	for i, h := range s.hosts {
		r := byName[h.FQDN()]
		switch unpolled(i) % unpolledKinds {
		case leftAlone:
		case sickSince:
			s.expectRun(h, "a result of before", r, "failed", 0, 0)
			s.expect(strings.Contains(r.Detail, "waited for: service: "+service), "%s says: %s", h.FQDN(), r.Detail)
		default:
			s.expectRun(h, "a result of before", r, "succeeded", 1, 1)
			gate, sent := asked(h, askService, submitted), asked(h, sendApply, submitted)
			s.expect(!gate.IsZero() && gate.Before(sent), "%s was patched by what was stored an hour ago", h.FQDN())
		}
	}
	return nil
}

// resumePolls has the poller go on, and measures how long what people are told takes to be current.
func (s *scene) resumePolls(ctx context.Context, temporal client.Client) error {
	polls := temporal.ScheduleClient().GetHandle(ctx, pollHealth)
	if err := polls.Unpause(ctx, client.ScheduleUnpauseOptions{Note: "by the harness"}); err != nil {
		return fmt.Errorf("resume the poller: %w", err)
	}
	resumed := time.Now()
	all := len(s.hosts)
	err := s.awaitHealth(ctx, func(h healthCounts) bool { return h.Hosts.Healthy == all && h.Stale == 0 })
	s.recovers("every host's health is current after the poller goes on", time.Since(resumed), 15*time.Second)
	if err != nil {
		return fmt.Errorf("await that all hosts are polled again: %w", err)
	}
	return nil
}
