package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/patch-manager/patch-manager/devstack"
)

// clockOffsets are how far clocks are apart, of which none is tolerated.
var clockOffsets = []time.Duration{10 * time.Minute, -10 * time.Minute, time.Hour, -time.Hour}

// pastTheSkew is apart by more than is tolerated also where an answer takes its time.
const pastTheSkew = maxClockSkew + 3*time.Second

// shiftPostgres has Postgres see the time that libfaketime makes of a file of ours. Its own waits stay as they are: they go by
// the monotonic clock, which is left alone.
func shiftPostgres(_ context.Context, s *scene, c *devstack.StackConfig) error {
	found, err := filepath.Glob("/usr/lib/*/faketime/libfaketime.so.1")
	if err != nil || len(found) == 0 {
		return errors.Join(errors.New("there is no libfaketime: run `scripts/ensure-deps.sh faults`"), err)
	}
	dir, err := os.MkdirTemp("", "faults-clock-") // where the account of Postgres can read it, wherever we are
	if err != nil {
		return fmt.Errorf("make folder of the clock: %w", err)
	}
	s.undo = append(s.undo, func() error { return os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // another account reads it
		return fmt.Errorf("make folder of the clock: %w", err)
	}
	s.clock = filepath.Join(dir, "offset")
	c.PostgresEnv = []string{
		"LD_PRELOAD=" + found[0], "FAKETIME_TIMESTAMP_FILE=" + s.clock, "FAKETIME_NO_CACHE=1",
		"FAKETIME_DONT_FAKE_MONOTONIC=1", "NO_FAKE_STAT=1",
	}
	return s.setDatabaseClock(0)
}

// setDatabaseClock sets the clock of Postgres ahead, or behind when negative.
func (s *scene) setDatabaseClock(ahead time.Duration) error {
	fresh := s.clock + ".new"
	if err := os.WriteFile(fresh, fmt.Appendf(nil, "%+d\n", int(ahead.Seconds())), 0o644); err != nil {
		return fmt.Errorf("set the clock of Postgres: %w", err)
	}
	if err := os.Rename(fresh, s.clock); err != nil {
		return fmt.Errorf("set the clock of Postgres: %w", err)
	}
	return nil
}

// hostsOfAnOffset are one that is dispatched when the clock of Postgres is set, one whose clock is right, and one whose clock
// agrees with that of Postgres, so that the worker's alone is apart.
const hostsOfAnOffset = 3

// setClocks has the clocks of worker, database and hosts apart. A host waits for that, says so, and is patched once they
// agree; a host whose clock is apart by no more than is tolerated is patched in its window.
func setClocks(ctx context.Context, s *scene) error {
	for i, ahead := range clockOffsets {
		if err := s.setPostgres(ctx, ahead, s.hosts[i*hostsOfAnOffset:(i+1)*hostsOfAnOffset]); err != nil {
			return err
		}
	}
	if err := s.setHosts(ctx, s.hosts[len(clockOffsets)*hostsOfAnOffset:]); err != nil {
		return err
	}
	s.awaitEnds(ctx)
	return nil
}

// setPostgres sets the clock of Postgres just before the intent of a host, and sets it right again later.
func (s *scene) setPostgres(ctx context.Context, ahead time.Duration, hosts []*host) error {
	set := make(chan error, 1)
	hosts[0].Inject("GET /system/info", 1, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		set <- s.setDatabaseClock(ahead)
		next.ServeHTTP(w, r)
	})
	hosts[2].SetClockSkew(ahead)
	jobs := make([]string, 2)
	var err error
	if jobs[0], err = s.submit(ctx, hosts[:1], nil); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return fmt.Errorf("await the dispatch of %s: %w", hosts[0].FQDN(), ctx.Err())
	case err := <-set:
		if err != nil {
			return err
		}
	}
	s.faults++
	if jobs[1], err = s.submit(ctx, hosts[1:], nil); err != nil {
		return err
	}
	for _, job := range jobs {
		if err := s.expectHeld(ctx, job, "database"); err != nil {
			return err
		}
	}
	if err := s.expectUntouched(ctx, hosts); err != nil {
		return err
	}
	hosts[2].SetClockSkew(0)
	if err := s.setDatabaseClock(0); err != nil {
		return err
	}
	return s.awaitPatched(ctx, hosts)
}

// setHosts sets the clocks of hosts: of two by as much as is tolerated, which are patched when their windows open, and of the
// others by more.
func (s *scene) setHosts(ctx context.Context, hosts []*host) error {
	tolerated, apart := hosts[:2], hosts[2:]
	beyond := slices.Concat(clockOffsets, []time.Duration{pastTheSkew, -pastTheSkew})
	start := wholeMinute(time.Now())
	for i, h := range tolerated {
		if err := s.moveWindow(ctx, h, start, start.Add(time.Hour)); err != nil {
			return err
		}
		h.SetClockSkew([]time.Duration{maxClockSkew, -maxClockSkew}[i])
	}
	for i, h := range apart {
		h.SetClockSkew(beyond[i])
		s.faults++
	}
	if _, err := s.submit(ctx, tolerated, nil); err != nil {
		return err
	}
	job, err := s.submit(ctx, apart, nil)
	if err != nil {
		return err
	}
	if err := s.expectHeld(ctx, job, "host"); err != nil {
		return err
	}
	if err := s.expectUntouched(ctx, apart); err != nil {
		return err
	}
	for _, h := range apart {
		h.SetClockSkew(0)
	}
	if err := s.awaitPatched(ctx, apart); err != nil {
		return err
	}
	s.awaitEnds(ctx)
	for _, h := range tolerated {
		for _, e := range s.Fleet.ExecutionsOf(h.FQDN(), applied) {
			s.expect(e.Skew.Abs() == maxClockSkew, "%s was patched while its clock was %s apart", h.FQDN(), e.Skew)
		}
		s.expect(len(s.Fleet.ExecutionsOf(h.FQDN(), applied)) == 1, "%s was not patched, and its clock is apart by what is tolerated", h.FQDN())
	}
	return nil
}

// held is a host that waits, as the API tells of it.
type held struct {
	FQDN string `json:"fqdn"`
	Wait *struct {
		Reason string `json:"reason"`
		Detail string `json:"detail"`
	} `json:"wait"`
}

// expectHeld expects that every host of a job comes to wait for clocks, and that it says whose is apart.
func (s *scene) expectHeld(ctx context.Context, job, whose string) error {
	var last held
	for until := time.Now().Add(patience); time.Now().Before(until); {
		list, err := devstack.All[held](ctx, s.API, "/jobs/"+job+"/hosts")
		if err != nil {
			return err
		}
		waiting := 0
		for _, h := range list {
			if h.Wait != nil && h.Wait.Reason == "clock_skew" && strings.Contains(h.Wait.Detail, "the "+whose+"'s is") {
				waiting++
			} else {
				last = h
			}
		}
		if waiting == len(list) {
			return nil
		}
		if err := sleep(ctx, lookInterval); err != nil {
			return err
		}
	}
	s.expect(false, "%s does not say that the clock of the %s is apart: %+v", last.FQDN, whose, last.Wait)
	return nil
}

// expectUntouched expects that hosts are not patched, also when they are looked at again.
func (s *scene) expectUntouched(ctx context.Context, hosts []*host) error {
	if err := sleep(ctx, gateRetry+time.Second); err != nil {
		return err
	}
	for _, h := range hosts {
		s.expect(len(s.Fleet.ExecutionsOf(h.FQDN(), applied)) == 0, "%s was patched while clocks were apart", h.FQDN())
	}
	return nil
}

// awaitPatched waits until hosts are patched, and measures how long that took from when the clocks agree.
func (s *scene) awaitPatched(ctx context.Context, hosts []*host) error {
	began := time.Now()
	for _, h := range hosts {
		for len(s.Fleet.ExecutionsOf(h.FQDN(), applied)) == 0 {
			if err := sleep(ctx, lookInterval); err != nil {
				return fmt.Errorf("%s was not patched once clocks agreed: %w", h.FQDN(), err)
			}
		}
		s.recovers("a host is patched once clocks agree", s.Fleet.ExecutionsOf(h.FQDN(), applied)[0].StartedAt.Sub(began), gateRetry+10*time.Second)
	}
	return nil
}
