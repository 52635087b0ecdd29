package devstack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"go.temporal.io/sdk/client"
	temporallog "go.temporal.io/sdk/log"
)

// TemporalVersion is the release of Temporal's CLI that temporal-dev/go.mod pins.
const TemporalVersion = "v1.5.1"

// temporalDatabase is the file of its state.
const temporalDatabase = "temporal.db"

// ErrNoTemporal says that the development server is missing, and how to get it.
var ErrNoTemporal = errors.New("no temporal CLI on PATH and none built: run `make setup`, which builds it once")

// searchAttributes are what runs are found by in Temporal UI. A real cluster gets them from its operator.
var searchAttributes = []string{"PatchJob=Keyword", "PatchHost=Keyword", "PatchPhase=Keyword", "WindowEnd=Datetime"}

// TemporalConfig says how to run a Temporal development server.
type TemporalConfig struct {
	// Dir holds its log and, unless InMemory, its database.
	Dir      string
	InMemory bool
	// Ports to listen on; zero for any free one. A UIPort below zero means no UI.
	Port, UIPort               int
	PortSetting, UIPortSetting string
}

// Temporal is a running development server that ends with us.
type Temporal struct {
	*Process
	address, uiURL string
}

// Address is the server's host:port, for TEMPORAL_ADDRESS.
func (t *Temporal) Address() string { return t.address }

// UIURL is where its UI is; empty without one.
func (t *Temporal) UIURL() string { return t.uiURL }

// StartTemporal starts the development server and waits until it answers. It fails with ErrNoTemporal and ErrInUse.
func StartTemporal(ctx context.Context, c TemporalConfig) (*Temporal, error) {
	if err := c.choosePorts(); err != nil {
		return nil, err
	}
	return startTemporal(ctx, c)
}

// startTemporal starts the server on chosen ports.
func startTemporal(ctx context.Context, c TemporalConfig) (*Temporal, error) {
	binary, err := temporalBinary()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("start temporal: %w", err)
	}
	lock, err := lockDir(c.Dir, lockWait)
	if err != nil {
		return nil, fmt.Errorf("start temporal: %w", err)
	}
	defer lock.Close()
	log, err := os.OpenFile(c.logPath(), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("start temporal: %w", err)
	}
	defer log.Close()
	p, err := Start(Command{
		Name: "temporal", Path: binary, Args: c.args(), Dir: c.Dir, Env: temporalEnv(),
		Output: log, Files: []*os.File{lock}, DeathSignal: syscall.SIGTERM,
	})
	if err != nil {
		return nil, err
	}
	t := &Temporal{Process: p, address: Address(c.Port)}
	if c.UIPort > 0 {
		t.uiURL = "http://" + Address(c.UIPort)
	}
	if err := c.ready(ctx, t); err != nil {
		return nil, errors.Join(err, t.Stop())
	}
	return t, nil
}

func (c *TemporalConfig) choosePorts() error {
	for _, p := range []struct {
		port         *int
		who, setting string
	}{{&c.Port, "Temporal", c.PortSetting}, {&c.UIPort, "Temporal UI", c.UIPortSetting}} {
		if *p.port > 0 {
			if err := CheckPort(*p.port, p.who, p.setting); err != nil {
				return err
			}
		}
		if *p.port == 0 {
			free, err := FreePort()
			if err != nil {
				return err
			}
			*p.port = free
		}
	}
	return nil
}

func (c *TemporalConfig) logPath() string { return filepath.Join(c.Dir, "temporal.log") }

func (c *TemporalConfig) args() []string {
	args := []string{"server", "start-dev", "--ip", Loopback, "--port", strconv.Itoa(c.Port), "--log-level", "error"}
	if c.UIPort > 0 {
		args = append(args, "--ui-port", strconv.Itoa(c.UIPort))
	} else {
		args = append(args, "--headless")
	}
	if !c.InMemory {
		args = append(args, "--db-filename", filepath.Join(c.Dir, temporalDatabase))
	}
	for _, a := range searchAttributes {
		args = append(args, "--search-attribute", a)
	}
	return args
}

// temporalEnv leaves out TEMPORAL_*, which means some other server to this CLI.
func temporalEnv() []string {
	return []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "TZ=UTC"}
}

func (c *TemporalConfig) ready(ctx context.Context, t *Temporal) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		err := answersTemporal(ctx, t.address)
		if err == nil {
			return nil
		}
		select {
		case <-t.Done():
			return fmt.Errorf("start: %w; its log ends with:\n%s", t.ended(), tail(c.logPath()))
		case <-ctx.Done():
			return fmt.Errorf("start temporal: no answer: %w; its log ends with:\n%s", err, tail(c.logPath()))
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// answersTemporal reports whether the server does what a worker needs, which comes later than that it listens.
func answersTemporal(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	c, err := client.DialContext(ctx, client.Options{HostPort: address, Logger: temporallog.NewStructuredLogger(discard)})
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = c.ScheduleClient().List(ctx, client.ScheduleListOptions{PageSize: 1})
	return err
}

// temporalBinary returns the CLI on PATH, or the pinned one that was built.
func temporalBinary() (string, error) {
	if path, err := exec.LookPath("temporal"); err == nil {
		return path, nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", ErrNoTemporal
	}
	built := filepath.Join(cache, "patch-manager", "bin", "temporal-"+TemporalVersion)
	if !executable(built) {
		return "", ErrNoTemporal
	}
	return built, nil
}
