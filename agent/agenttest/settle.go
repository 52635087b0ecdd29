package agenttest

import (
	"net/http"
	"slices"
	"time"
)

// settle brings the host up to the present, which it returns.
func (h *Host) settle() time.Time {
	now := h.fleet.opts.Now()
	rebooted := !h.state.RebootAt.IsZero() && !now.Before(h.state.RebootAt)
	until := now
	if rebooted {
		until = h.state.RebootAt
	}
	h.state.Installing = slices.DeleteFunc(h.state.Installing, func(i installing) bool {
		if i.At.After(until) {
			return rebooted // cut off by the reboot
		}
		h.install(i)
		return true
	})
	if rebooted {
		h.state.BootedAt = h.state.RebootAt.Add(h.spec.RebootDowntime)
		h.state.PendingReboot = false
		h.state.RebootAt = time.Time{}
		h.forgetJobs()
	}
	return now
}

func (h *Host) install(i installing) {
	for _, name := range i.Packages {
		h.state.Installed[name] = true
	}
	h.state.PendingReboot = h.state.PendingReboot || i.Reboot
	if i.Breaks != "" {
		h.state.Unhealthy[i.Breaks] = true
	}
}

func (h *Host) forgetJobs() {
	if !h.spec.Quirks.KeepsJobs {
		h.state.Jobs = nil
	}
}

func (h *Host) pending() []PatchSpec {
	return slices.DeleteFunc(slices.Clone(h.spec.Patches), func(p PatchSpec) bool { return h.state.Installed[p.Name] })
}

// window counts the requests of the minute that began at since.
type window struct {
	since time.Time
	count int
}

// over counts one request and reports whether it is above the limit of its minute.
func (w *window) over(now time.Time, limit int) bool {
	if now.Sub(w.since) >= time.Minute {
		*w = window{since: now}
	}
	w.count++
	return limit > 0 && w.count > limit
}

func (h *Host) limited(method string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if method == http.MethodGet {
		return h.limits[0].over(h.fleet.opts.Now(), h.spec.Quirks.ReadsPerMinute)
	}
	return h.limits[1].over(h.fleet.opts.Now(), h.spec.Quirks.WritesPerMinute)
}
