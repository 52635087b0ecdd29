package devstack

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
)

const (
	databaseVariable = "PATCH_MANAGER_DATABASE__URL"
	temporalVariable = "TEMPORAL_ADDRESS"
)

// prepareEnvironment decides what is ours and what is the caller's, and refuses a taken port before anything starts.
func (s *Stack) prepareEnvironment(context.Context) error {
	s.env = newEnvironment(s.config.Environ)
	for key, value := range s.config.Settings {
		s.env.set(variable(key), value)
	}
	s.env.set(variable("keys.health_check"), s.path("keys", "health-check.key"))
	s.env.set(variable("agent.ca"), s.path("pki", "ca.pem"))
	s.env.set(variable("agent.cert"), s.path("pki", "client.pem"))
	s.env.set(variable("agent.key"), s.path("pki", "client-key.pem"))
	if err := s.chooseListen("api.listen", "127.0.0.1:8080"); err != nil {
		return err
	}
	if err := s.chooseListen("worker.listen", Address(0)); err != nil {
		return err
	}
	return s.checkPorts()
}

// chooseListen settles where a process listens; port 0 is any free one.
func (s *Stack) chooseListen(key, address string) error {
	name := variable(key)
	if given, ok := s.env.lookup(name); ok {
		address = given
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("%s: must be host:port", name)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return fmt.Errorf("%s: must be host:port with a port from 0 to 65535", name)
	}
	if n > 0 {
		s.env.set(name, address)
		return CheckPort(int(n), key, name)
	}
	free, err := FreePort()
	if err != nil {
		return err
	}
	s.env.force(name, net.JoinHostPort(host, strconv.Itoa(free)))
	return nil
}

func (s *Stack) checkPorts() error {
	p := s.config.Ports
	for _, wanted := range []struct {
		port         int
		who, setting string
	}{{p.Web, "the pages of simulated hosts", settingWeb}, {p.Control, "the control of simulated hosts", settingControl}} {
		if wanted.port == 0 {
			continue
		}
		if err := CheckPort(wanted.port, wanted.who, wanted.setting); err != nil {
			return err
		}
	}
	return nil
}

// startServers starts Postgres and Temporal side by side, each unless the caller names one.
func (s *Stack) startServers(ctx context.Context) error {
	database, external := s.env.lookup(databaseVariable)
	ownPostgres := !external
	temporal, external := s.env.lookup(temporalVariable)
	ownTemporal := !external || isOurs(temporal, s.config.Ports.Temporal)
	s.databaseURL, s.temporalAddress = database, temporal

	var wg sync.WaitGroup
	var errs [2]error
	if ownPostgres {
		s.config.Say("starting Postgres")
		wg.Go(func() { s.postgres, errs[0] = s.runPostgres(ctx) })
	}
	if ownTemporal {
		s.config.Say("starting Temporal")
		wg.Go(func() { s.temporal, errs[1] = s.runTemporal(ctx) })
	}
	wg.Wait()
	s.adoptPostgres()
	s.adoptTemporal()
	return errors.Join(errs[:]...)
}

func (s *Stack) runPostgres(ctx context.Context) (*Postgres, error) {
	return StartPostgres(ctx, PostgresConfig{
		Dir: s.path("postgres"), Port: s.config.Ports.Postgres, PortSetting: settingPostgres,
		Database: "patch_manager", Throwaway: s.config.Fresh,
	})
}

func (s *Stack) runTemporal(ctx context.Context) (*Temporal, error) {
	return StartTemporal(ctx, TemporalConfig{
		Dir: s.path("temporal"), Port: s.config.Ports.Temporal, PortSetting: settingTemporal,
		UIPort: s.config.Ports.TemporalUI, UIPortSetting: settingTemporalUI,
	})
}

func (s *Stack) adoptPostgres() {
	if s.postgres == nil {
		return
	}
	s.onStop(s.postgres.Stop)
	s.watch(s.postgres.Process, s.path("postgres", "postgres.log"))
	s.databaseURL = s.postgres.URL()
	s.env.set(databaseVariable, s.databaseURL)
}

func (s *Stack) adoptTemporal() {
	if s.temporal == nil {
		return
	}
	s.onStop(s.temporal.Stop)
	s.watch(s.temporal.Process, s.path("temporal", "temporal.log"))
	s.temporalAddress = s.temporal.Address()
	// A profile of the caller's, with TLS or an API key, is for another server.
	s.env.drop("TEMPORAL_")
	s.env.set(temporalVariable, s.temporalAddress)
	s.env.set("TEMPORAL_NAMESPACE", "default")
	s.env.set("TEMPORAL_CONFIG_FILE", os.DevNull)
	s.env.set(variable("temporal.ui_url"), s.temporal.UIURL())
}
