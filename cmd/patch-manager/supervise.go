package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// aliveTimeout bounds one look whether this process is alive.
const aliveTimeout = 5 * time.Second

// firstLook is how often it is looked whether this process serves until it does.
const firstLook = 20 * time.Millisecond

// attendant tells the service manager when this process serves, that it still is alive, and that it stops. What is told is
// found out each time by alive, so that a process that hangs is silent and gets restarted.
type attendant struct {
	tell  func(state string)
	every time.Duration // between two signs of life; 0 where nobody waits for them
	alive func(context.Context) error
}

// attend is the attendant of whoever started this process, also where that is no service manager.
func attend(alive func(context.Context) error) func(context.Context) error {
	patience, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		slog.Warn("the service manager's watchdog can not be served", "error", err)
	}
	return attendant{tell: tellSystemd, every: patience / 3, alive: alive}.run
}

func tellSystemd(state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		slog.Warn("the service manager can not be told", "state", state, "error", err)
	}
}

// run tells until ctx ends.
func (a attendant) run(ctx context.Context) error {
	a.await(ctx)
	if ctx.Err() == nil {
		a.tell(daemon.SdNotifyReady)
	}
	if a.every > 0 {
		a.keepTelling(ctx)
	}
	<-ctx.Done()
	a.tell(daemon.SdNotifyStopping)
	return nil
}

func (a attendant) await(ctx context.Context) {
	tick := time.NewTicker(firstLook)
	defer tick.Stop()
	for a.look(ctx) != nil {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (a attendant) keepTelling(ctx context.Context) {
	tick := time.NewTicker(a.every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := a.look(ctx); err != nil {
			slog.Error("this process is not alive; the service manager restarts it unless that passes", "error", err)
			continue
		}
		a.tell(daemon.SdNotifyWatchdog)
	}
}

func (a attendant) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, aliveTimeout)
	defer cancel()
	return a.alive(ctx)
}

// answers reports whether this process answers on the address that it listens on, as anybody else would find out.
func answers(listen string) func(context.Context) error {
	host, port, _ := net.SplitHostPort(listen) // the setting was checked
	if host == "" {
		host = "localhost"
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	return func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/healthz", nil)
		if err != nil {
			return err
		}
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("ask own health: %s", response.Status)
		}
		return nil
	}
}
