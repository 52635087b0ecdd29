package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/dbus"
	"github.com/coreos/go-systemd/v22/login1"
	godbus "github.com/godbus/dbus/v5"
)

// Systemd is what the agent needs of the host's service manager. It is the seam at which tests stand in for it.
type Systemd interface {
	// Unit answers with an error wrapping errNoUnit for a unit that systemd does not know.
	Unit(ctx context.Context, unit string) (Unit, error)
	// Running reports whether a unit is active or on its way into or out of it.
	Running(ctx context.Context, unit string) (bool, error)
	// StartTransient starts argv as a service of its own with the given name, which must not exist.
	StartTransient(ctx context.Context, unit, description string, argv []string) error
	// Inhibitors says who keeps the host from shutting down, one sentence each.
	Inhibitors(ctx context.Context) ([]string, error)
	// Inhibit keeps the host from shutting down, for a reason, until the returned file is closed.
	Inhibit(ctx context.Context, why string) (io.Closer, error)
	// Reboot asks for an orderly restart of the host and does not wait for it.
	Reboot(ctx context.Context) error
}

// Unit is the state of a systemd unit.
type Unit struct {
	Description, ActiveState, SubState, LoadState, EnabledState string
	MainPID                                                     uint32
	FinishedWell                                                bool // a oneshot service that has run since boot and ended with success
}

var errNoUnit = errors.New("no such unit")

// Bus speaks to the systemd of this host over D-Bus. Each call connects anew: a call is rare, a connection cheap, and the
// bus itself may be upgraded.
type Bus struct{}

func with[T any](ctx context.Context, do func(*dbus.Conn) (T, error)) (T, error) {
	conn, err := dbus.NewWithContext(ctx)
	if err != nil {
		var none T
		return none, fmt.Errorf("connect to systemd: %w", err)
	}
	defer conn.Close()
	return do(conn)
}

// Unit implements Systemd.
func (Bus) Unit(ctx context.Context, unit string) (Unit, error) {
	return with(ctx, func(conn *dbus.Conn) (Unit, error) {
		p, err := conn.GetAllPropertiesContext(ctx, unit)
		if err != nil {
			return Unit{}, fmt.Errorf("read unit %s: %w", unit, err)
		}
		u := Unit{
			Description: text(p, "Description"), ActiveState: text(p, "ActiveState"), SubState: text(p, "SubState"),
			LoadState: text(p, "LoadState"), EnabledState: text(p, "UnitFileState"),
		}
		u.MainPID, _ = p["MainPID"].(uint32)
		ended, _ := p["ExecMainExitTimestamp"].(uint64)
		u.FinishedWell = text(p, "Type") == "oneshot" && text(p, "Result") == "success" && ended > 0
		if u.LoadState == "not-found" {
			return u, fmt.Errorf("unit %s: %w", unit, errNoUnit)
		}
		return u, nil
	})
}

func text(properties map[string]any, name string) string {
	s, _ := properties[name].(string)
	return s
}

// Running implements Systemd.
func (Bus) Running(ctx context.Context, unit string) (bool, error) {
	return with(ctx, func(conn *dbus.Conn) (bool, error) {
		units, err := conn.ListUnitsByNamesContext(ctx, []string{unit})
		if err != nil {
			return false, fmt.Errorf("list unit %s: %w", unit, err)
		}
		return slices.ContainsFunc(units, func(u dbus.UnitStatus) bool {
			return u.ActiveState != "inactive" && u.ActiveState != "failed"
		}), nil
	})
}

// stopTimeout is how long a shutdown of the host waits for an apply. Longer than any upgrade seen; a dpkg that is killed
// halfway leaves a host that may not boot.
const stopTimeout = 30 * time.Minute

// StartTransient implements Systemd.
func (Bus) StartTransient(ctx context.Context, unit, description string, argv []string) error {
	properties := []dbus.Property{
		dbus.PropDescription(description),
		dbus.PropExecStart(argv, true),
		dbus.PropType("exec"), // the start has failed when the program could not be executed
		// Network and bus go down after it, and only its first process is told to stop: that one lets apt finish.
		dbus.PropAfter("network.target", "dbus.service"),
		property("KillMode", "process"),
		property("SendSIGHUP", false),
		property("TimeoutStopUSec", uint64(stopTimeout/time.Microsecond)),
		property("CollectMode", "inactive-or-failed"), // its result is on disk
	}
	_, err := with(ctx, func(conn *dbus.Conn) (struct{}, error) {
		done := make(chan string, 1)
		if _, err := conn.StartTransientUnitContext(ctx, unit, "fail", properties, done); err != nil {
			return struct{}{}, err
		}
		select {
		case result := <-done:
			if result != "done" {
				return struct{}{}, fmt.Errorf("systemd answered %q", result)
			}
			return struct{}{}, nil
		case <-ctx.Done():
			return struct{}{}, ctx.Err()
		}
	})
	if err != nil {
		return fmt.Errorf("start unit %s: %w", unit, err)
	}
	return nil
}

func property(name string, value any) dbus.Property {
	return dbus.Property{Name: name, Value: godbus.MakeVariant(value)}
}

// Reboot implements Systemd.
func (Bus) Reboot(ctx context.Context) error {
	_, err := with(ctx, func(conn *dbus.Conn) (int, error) {
		return conn.StartUnitContext(ctx, "reboot.target", "replace-irreversibly", nil)
	})
	if err != nil {
		return fmt.Errorf("ask systemd to reboot: %w", err)
	}
	return nil
}

// Inhibit implements Systemd.
func (Bus) Inhibit(_ context.Context, why string) (io.Closer, error) {
	conn, err := login1.New()
	if err != nil {
		return nil, fmt.Errorf("connect to logind: %w", err)
	}
	defer conn.Close() // the lock is in the file, not in the connection
	lock, err := conn.Inhibit("shutdown", "patch-agent", why, "block")
	if err != nil {
		return nil, fmt.Errorf("inhibit a shutdown: %w", err)
	}
	return lock, nil
}

// Inhibitors implements Systemd. A host without logind has none.
func (Bus) Inhibitors(ctx context.Context) ([]string, error) {
	conn, err := godbus.ConnectSystemBus(godbus.WithContext(ctx))
	if err != nil {
		return nil, fmt.Errorf("connect to the system bus: %w", err)
	}
	defer func() { _ = conn.Close() }()
	var listed []struct {
		What, Who, Why, Mode string
		UID, PID             uint32
	}
	call := conn.Object("org.freedesktop.login1", "/org/freedesktop/login1").
		CallWithContext(ctx, "org.freedesktop.login1.Manager.ListInhibitors", 0)
	if err := call.Store(&listed); err != nil {
		if unknown := (godbus.Error{}); errors.As(err, &unknown) && unknown.Name == "org.freedesktop.DBus.Error.ServiceUnknown" {
			return nil, nil
		}
		return nil, fmt.Errorf("list the shutdown inhibitors: %w", err)
	}
	var reasons []string
	for _, i := range listed {
		if i.Mode == "block" && slices.Contains(strings.Split(i.What, ":"), "shutdown") {
			reasons = append(reasons, i.Who+": "+i.Why)
		}
	}
	return reasons, nil
}
