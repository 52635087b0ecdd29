package agenttest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// hostState is what of a host outlives the process: its disk, so to speak. Jobs are memory and are lost, except those of
// versions that keep them.
type hostState struct {
	BootedAt      time.Time       `json:"booted_at"`
	Installed     map[string]bool `json:"installed"` // by package
	Installing    []installing    `json:"installing,omitempty"`
	PendingReboot bool            `json:"pending_reboot"`
	RebootAt      time.Time       `json:"reboot_at,omitzero"` // zero unless a reboot is scheduled
	Unhealthy     map[string]bool `json:"unhealthy"`          // by service, where it was set
	WebUnhealthy  bool            `json:"web_unhealthy"`
	Jobs          []*job          `json:"jobs,omitempty"`
}

// installing is an apply under way: its packages are installed once At has come, whoever still asks.
type installing struct {
	At       time.Time `json:"at"`
	Packages []string  `json:"packages"`
	Reboot   bool      `json:"reboot"`
	Breaks   string    `json:"breaks,omitempty"`
}

func loadState(file string) (map[string]*hostState, error) {
	state := map[string]*hostState{}
	if file == "" {
		return state, nil
	}
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return state, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &state)
	}
	if err != nil {
		return nil, fmt.Errorf("load state of simulated fleet: %w", err)
	}
	return state, nil
}

// save writes the state of all hosts, so that it is whole whenever the process ends.
func (f *Fleet) save() {
	if f.opts.StateFile == "" {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	state := map[string]json.RawMessage{}
	for _, h := range f.hosts {
		state[h.spec.FQDN] = h.snapshot()
	}
	b, err := json.MarshalIndent(state, "", " ")
	if err == nil {
		err = replaceFile(f.opts.StateFile, b)
	}
	f.saveErr = err
}

func replaceFile(name string, b []byte) error {
	temp, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+"-*")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	_, err = temp.Write(b)
	if closeErr := temp.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return os.Rename(temp.Name(), name)
}
