package worker

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"
)

// Presence records which workers serve which zones, for people to see which zone has none.
type Presence interface {
	// ServeZones records that a worker serves zones at this moment.
	ServeZones(ctx context.Context, workerID string, zones []string) error
	// LeaveZones records that it serves none any more.
	LeaveZones(ctx context.Context, workerID string) error
}

const (
	// beatEvery is how often a worker says that it serves its zones; a zone counts as served for three times as long.
	beatEvery = 10 * time.Second
	// beatTimeout bounds what one beat may take.
	beatTimeout = 5 * time.Second
)

// heart says again and again that a worker serves its zones. That it can not be said stops no worker.
type heart struct {
	workerID string
	zones    []string
	presence Presence
	// polls fails while nothing can be given to the worker: it is there, and serves nothing.
	polls   func(context.Context) error
	log     *slog.Logger
	pulse   *pulse
	failing bool
}

// beat says that the zones are served until the returned function is called, which takes that back. It is to be called
// before what is running is let come to its end: from then on nothing new is taken.
func (w *Worker) beat(ctx context.Context) (cease func()) {
	h := heart{
		workerID: uuid.Must(uuid.NewV7()).String(), zones: w.cfg.Zones, presence: w.cfg.Presence, log: w.cfg.Log, pulse: &w.pulse,
		polls: func(ctx context.Context) error {
			_, err := w.cfg.Temporal.CheckHealth(ctx, &client.CheckHealthRequest{})
			return err
		},
	}
	w.pulse.felt()
	ctx, cancel := context.WithCancel(ctx)
	var beating sync.WaitGroup
	beating.Go(func() { h.run(ctx) })
	return func() {
		cancel()
		beating.Wait()
		w.pulse.rest()
	}
}

// run beats until ctx ends.
func (h *heart) run(ctx context.Context) {
	ticks := time.NewTicker(beatEvery)
	defer ticks.Stop()
	for {
		h.once(ctx)
		h.pulse.felt()
		select {
		case <-ticks.C:
		case <-ctx.Done():
			h.leave(context.WithoutCancel(ctx))
			return
		}
	}
}

func (h *heart) once(ctx context.Context) {
	within, cancel := context.WithTimeout(ctx, beatTimeout)
	defer cancel()
	err := h.polls(within)
	if err == nil {
		err = h.presence.ServeZones(within, h.workerID, h.zones)
	}
	if ctx.Err() != nil {
		return
	}
	switch {
	case err != nil && !h.failing:
		h.log.Warn("worker can not say that it serves its zones; it tries again, and this is not said again", "zones", h.zones, "error", err)
	case err == nil && h.failing:
		h.log.Info("worker says again that it serves its zones", "zones", h.zones)
	}
	h.failing = err != nil
}

func (h *heart) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, beatTimeout)
	defer cancel()
	if err := h.presence.LeaveZones(ctx, h.workerID); err != nil {
		h.log.Warn("worker can not say that it leaves its zones; they count as served for half a minute", "zones", h.zones, "error", err)
	}
}
