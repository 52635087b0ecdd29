package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/patch-manager/patch-manager/devstack"
	"github.com/patch-manager/patch-manager/devstack/realhost"
)

// RealConfig says where the demonstration with a real host runs.
type RealConfig struct {
	Config
	GuestDir     string // the cached Debian root, and the guest's file system
	AgentProgram string // the patch-agent to install in the guest
}

const (
	realFQDN    = "real-01.demo.internal"
	realAddress = "127.0.0.77"
	realAgent   = 12443
	realWeb     = realAddress + ":18080"
	// realLimit bounds the whole job, which takes about one minute on an idle machine.
	realLimit = 5 * time.Minute
	// realReady bounds the guest's boot, its agent's first fetch of package lists and the first inventory after that.
	realReady = 4 * time.Minute
	// How often the gate looks before nginx is started, so that a retry by the timer is seen.
	realTries = 2
)

var realSettings = map[string]string{
	"api.listen":               devstack.Loopback + ":0",
	"gate.retry_interval":      "4s",
	"gate.max_result_age":      "5s",
	"health.poll_interval":     "30s",
	"health.check_timeout":     "5s",
	"checks.allow":             realWeb,
	"agent.inventory_interval": "15s", // a sweep has until 5 s before the next
	"patch.poll_interval":      "1s",
	"verify.timeout":           "60s",
	"reboot.timeout":           "2m",
}

// RunReal patches a real Debian guest and fails unless it was upgraded once, completely, and rebooted.
func RunReal(ctx context.Context, c RealConfig) error {
	if err := realhost.Needs(); err != nil {
		return err
	}
	stack, err := devstack.StartStack(ctx, devstack.StackConfig{
		Dir: c.Dir, Fresh: true, Program: c.Program, Environ: c.Environ, Settings: realSettings, Say: c.Say,
		Register: func(context.Context, *devstack.Stack) error { return nil }, // there is no simulated fleet
	})
	if err != nil {
		return err
	}
	d := realDemonstration{RealConfig: c, stack: stack, timeline: newTimeline(c.Out, time.Now())}
	if err := errors.Join(d.run(ctx), d.stop()); err != nil {
		return fmt.Errorf("%w\n(state and logs are kept in %s, the guest in %s)", err, c.Dir, c.GuestDir)
	}
	return errors.Join(d.guest.Remove(), devstack.RemoveState(c.Dir))
}

type realDemonstration struct {
	RealConfig
	stack    *devstack.Stack
	guest    *realhost.Guest
	timeline *timeline

	hostID  string
	pending []string // upgradable at first, by the guest's own apt
	job     job
	mended  time.Time // when nginx was started again
	boots   int
}

func (d *realDemonstration) run(ctx context.Context) error {
	if err := d.startGuest(ctx); err != nil {
		return err
	}
	if err := d.register(ctx); err != nil {
		return err
	}
	if err := d.ready(ctx); err != nil {
		return err
	}
	if err := d.seeToReboot(ctx); err != nil {
		return err
	}
	if err := d.breakNginx(ctx); err != nil {
		return err
	}
	if err := d.createJob(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, realLimit, fmt.Errorf("the job has not ended after %s", realLimit))
	defer cancel()
	if err := d.follow(ctx); err != nil {
		return err
	}
	return d.judge(ctx)
}

func (d *realDemonstration) stop() error {
	var err error
	if d.guest != nil {
		err = d.guest.Stop()
	}
	return errors.Join(err, d.stack.Stop())
}

func (d *realDemonstration) say(format string, args ...any) {
	d.timeline.say(time.Now(), format, args...)
}

func (d *realDemonstration) register(ctx context.Context) error {
	var made devstack.Host
	body := map[string]any{"fqdn": realFQDN, "address": realAddress, "agent_port": realAgent}
	if err := d.stack.API.Do(ctx, http.MethodPost, "/hosts", body, &made); err != nil {
		return err
	}
	d.hostID = made.ID
	for _, check := range []map[string]any{
		{"name": "nginx", "check_type": "service", "service_name": "nginx.service"},
		{"name": "Start page", "check_type": "http", "url": "http://" + realWeb + "/", "expected_body": realhost.Page},
	} {
		if err := d.stack.API.Do(ctx, http.MethodPost, "/hosts/"+made.ID+"/health-checks", check, nil); err != nil {
			return err
		}
	}
	d.say("%s is registered, with a service check on nginx and an HTTP check on its page", short(realFQDN))
	return nil
}

// ready waits until the product itself has seen the host, its pending packages and its health.
func (d *realDemonstration) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, realReady)
	defer cancel()
	var seen string
	err := d.guest.Wait(ctx, "the host's first inventory", func(ctx context.Context) error {
		var host struct {
			Agent struct {
				Version string `json:"version"`
			} `json:"agent"`
			PendingPatches *int `json:"pending_patches"`
		}
		if err := d.stack.API.Do(ctx, http.MethodGet, "/hosts/"+d.hostID, nil, &host); err != nil {
			return err
		}
		if host.PendingPatches == nil || *host.PendingPatches == 0 {
			return errors.New("no pending packages are known")
		}
		seen = strconv.Itoa(*host.PendingPatches)
		return nil
	})
	if err != nil {
		return err
	}
	d.say("the inventory lists %s pending packages", seen)
	if d.pending, err = d.guest.Upgradable(ctx); err != nil {
		return err
	}
	slices.Sort(d.pending)
	d.say("the guest's own apt lists %d: %s", len(d.pending), strings.Join(d.pending, " "))
	return nil
}

func (d *realDemonstration) createJob(ctx context.Context) error {
	body := map[string]any{
		"host_ids": []string{d.hostID}, "immediate": true, "allow_reboot": true, "gate_timeout": "3m", "notes": "Real host",
	}
	if err := d.stack.API.Do(ctx, http.MethodPost, "/jobs", body, &d.job); err != nil {
		return err
	}
	d.say("job %s: immediate, everything, a reboot allowed", d.job.ID)
	if d.job.Temporal.URL != "" {
		d.say("its run: %s", d.job.Temporal.URL)
	}
	return nil
}

// follow prints what happens until the job has ended, and starts nginx once the gate has kept the host waiting.
func (d *realDemonstration) follow(ctx context.Context) error {
	for {
		now, rows, err := d.job.read(ctx, d.stack.API)
		if err != nil {
			return err
		}
		d.timeline.update(time.Now(), rows)
		if boots := d.guest.Boots(); boots != d.boots {
			d.boots = boots
			d.say("%s went down and boots again", short(realFQDN))
		}
		if now.CompletedAt != nil {
			d.job = now
			d.say("job: %s", now.Status)
			return nil
		}
		if err := d.mendNginx(ctx, rows); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case err := <-d.stack.Failed():
			return err
		case <-d.guest.Ended():
			return errors.New("the guest is down")
		case <-time.After(lookInterval):
		}
	}
}

func (d *realDemonstration) mendNginx(ctx context.Context, rows []jobHost) error {
	if !d.mended.IsZero() || len(rows) != 1 || rows[0].Status != "waiting_health_check" {
		return nil
	}
	whole, err := d.job.host(ctx, d.stack.API, d.hostID)
	if err != nil || len(whole.Evaluations) < realTries {
		return err
	}
	d.mended = time.Now()
	if _, err := d.guest.Exec(ctx, "systemctl", "start", "nginx"); err != nil {
		return err
	}
	d.say("somebody starts nginx on %s", short(realFQDN))
	return nil
}

// print shows what dpkg did.
func (d *realDemonstration) print(w io.Writer, upgrades []realhost.Upgrade) {
	fmt.Fprintf(w, "\n  %-24s %-26s %-26s\n", "package (dpkg log)", "from", "to")
	for _, u := range upgrades {
		fmt.Fprintf(w, "  %-24s %-26s %-26s\n", u.Package, u.From, u.To)
	}
}
