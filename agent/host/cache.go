package host

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/patch-manager/patch-manager/agent"
)

const (
	// refreshAge is the age at which the agent fetches the package lists anew, well below staleAge.
	refreshAge = 6 * time.Hour
	// refreshRetry is how often the age is looked at, and with it how soon a failed refresh is tried again.
	refreshRetry = 15 * time.Minute
	// refreshLimit bounds one refresh.
	refreshLimit = 10 * time.Minute
	staleAge     = 24 * time.Hour
)

// refreshes is what the agent remembers of its own fetching of package lists, on disk.
type refreshes struct {
	Succeeded time.Time `json:"succeeded"`
	Failed    time.Time `json:"failed"`
	Error     string    `json:"error,omitempty"`
}

func (a *Agent) refreshesPath() string { return filepath.Join(a.stateDir, "cache.json") }

// cacheState returns the contract's word for the state of apt's package lists, and when they were last fetched, by
// whomever.
func (a *Agent) cacheState() (string, time.Time) {
	var own refreshes
	_ = readJSON(a.refreshesPath(), &own) // never refreshed, or not readably so
	updated := a.files.listsFetched()
	if own.Succeeded.After(updated) {
		updated = own.Succeeded
	}
	switch {
	case own.Failed.After(updated):
		return agent.CacheFailed, updated
	case updated.IsZero():
		return agent.CacheUnknown, updated
	case a.now().Sub(updated) > staleAge:
		return agent.CacheStale, updated
	}
	return agent.CacheFresh, updated
}

// listsFetched is when apt's lists last changed, or zero when there are none. The files in the folder carry the times of
// the server they came from, so the folder's own is what tells.
func (f files) listsFetched() time.Time {
	lists, err := filepath.Glob(f.path("/var/lib/apt/lists/*Release"))
	if err != nil || len(lists) == 0 {
		return time.Time{}
	}
	fetched := f.modified("/var/lib/apt/lists")
	if stamp := f.modified("/var/lib/apt/periodic/update-success-stamp"); stamp.After(fetched) {
		return stamp
	}
	return fetched
}

// updateLists is the command that fetches package lists. Without the option, apt answers success when a mirror failed.
func updateLists() Command {
	return Command{Path: "apt-get", Args: []string{"update", "-q", "-o", "APT::Update::Error-Mode=any"}}
}

// refresh fetches the package lists unless they are young enough.
func (a *Agent) refresh(ctx context.Context) error {
	a.refreshing.Lock()
	defer a.refreshing.Unlock()
	state, updated := a.cacheState()
	if state == agent.CacheFresh && a.now().Sub(updated) < refreshAge {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, refreshLimit)
	defer cancel()
	var own refreshes
	if err := readJSON(a.refreshesPath(), &own); err != nil && !errors.Is(err, fs.ErrNotExist) {
		own = refreshes{}
	}
	_, err := a.commands.Output(ctx, updateLists())
	if err != nil {
		own.Failed, own.Error = a.now(), err.Error()
	} else {
		own = refreshes{Succeeded: a.now()}
	}
	return errors.Join(err, replaceDurably(a.refreshesPath(), own))
}

// KeepFresh fetches the package lists whenever they have aged, until ctx ends. It never installs anything.
func (a *Agent) KeepFresh(ctx context.Context) {
	tick := time.NewTicker(refreshRetry)
	defer tick.Stop()
	for {
		if err := a.refresh(ctx); err != nil && ctx.Err() == nil {
			a.log.Error("refresh the package lists", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
