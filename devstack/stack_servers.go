package devstack

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
)

const (
	databaseVariable = "PATCH_MANAGER_DATABASE__URL"
	temporalVariable = "TEMPORAL_ADDRESS"
	fileVariable     = "PATCH_MANAGER_CONFIG"
)

// prepareEnvironment decides what is ours and what is the caller's, and refuses a taken port before anything starts.
func (s *Stack) prepareEnvironment(context.Context) error {
	s.env = newEnvironment(s.config.Environ)
	s.env.set(fileVariable, "") // whatever is installed on this machine
	for key, value := range s.config.Settings {
		s.env.set(variable(key), value)
	}
	s.env.set(variable("keys.health_check"), s.path("keys", "health-check.key"))
	s.env.set(variable("keys.audit"), s.path("keys", "audit.key"))
	s.env.set(variable("agent.ca"), s.path("pki", "ca.pem"))
	s.env.set(variable("agent.ca_key"), s.path("pki", "ca-key.pem"))
	s.env.set(variable("agent.cert"), s.path("pki", "client.pem"))
	s.env.set(variable("agent.key"), s.path("pki", "client-key.pem"))
	if err := s.chooseListen("api.listen", "127.0.0.1:8080", "the API"); err != nil {
		return err
	}
	if err := s.chooseListen("worker.listen", Address(0), "the worker"); err != nil {
		return err
	}
	return s.checkPorts()
}

// chooseListen settles where a process listens; port 0 is any free one.
func (s *Stack) chooseListen(key, address, who string) error {
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
		return CheckPort(int(n), who, name)
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

// startPostgres starts an own Postgres unless the caller names a database.
func (s *Stack) startPostgres(ctx context.Context) error {
	if given, external := s.env.lookup(databaseVariable); external {
		s.databaseURL = given
		return nil
	}
	s.config.Say("starting Postgres")
	if err := s.runPostgres(ctx, s.config.Ports.Postgres); err != nil {
		return err
	}
	s.databaseURL = s.postgres.URL()
	reached, err := url.Parse(s.databaseURL)
	if err != nil {
		return fmt.Errorf("read database address: %w", err)
	}
	if reached.Host, err = s.route("postgres", reached.Host); err != nil {
		return err
	}
	s.env.set(databaseVariable, reached.String())
	return nil
}

// route returns where the product reaches a server.
func (s *Stack) route(server, address string) (string, error) {
	if s.config.Route == nil {
		return address, nil
	}
	return s.config.Route(server, address)
}

func (s *Stack) runPostgres(ctx context.Context, port int) error {
	pg, err := StartPostgres(ctx, PostgresConfig{
		Dir: s.path("postgres"), Port: port, PortSetting: settingPostgres, Database: "patch_manager", Throwaway: s.config.Fresh,
		Env: s.config.PostgresEnv,
	})
	if err != nil {
		return err
	}
	s.onStop(pg.Stop)
	s.watch(pg.Process, s.path("postgres", "postgres.log"))
	s.postgres = pg
	return nil
}

// beginTemporal begins to start an own Temporal unless the caller names one. It takes as long as everything else
// together, so that goes on meanwhile.
func (s *Stack) beginTemporal(ctx context.Context) error {
	given, external := s.env.lookup(temporalVariable)
	if external && !isOurs(given, s.config.Ports.Temporal) {
		s.temporalAddress = given
		return nil
	}
	c := TemporalConfig{
		Dir: s.path("temporal"), Port: s.config.Ports.Temporal, PortSetting: settingTemporal,
		UIPort: s.config.Ports.TemporalUI, UIPortSetting: settingTemporalUI,
	}
	if err := c.choosePorts(); err != nil {
		return err
	}
	s.config.Say("starting Temporal")
	if err := s.useTemporal(c); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	begun := &beginning{config: c, done: make(chan struct{})}
	go func() {
		defer close(begun.done)
		begun.server, begun.err = startTemporal(ctx, c)
	}()
	s.temporal = begun
	s.onStop(func() error { cancel(); return begun.stop() })
	return nil
}

// useTemporal has the product use our own server, which it can be told of before it answers. A profile of the caller's,
// with TLS or an API key, is for another one.
func (s *Stack) useTemporal(c TemporalConfig) error {
	s.temporalAddress, s.temporalUI = Address(c.Port), "http://"+Address(c.UIPort)
	reached, err := s.route("temporal", s.temporalAddress)
	if err != nil {
		return err
	}
	s.env.drop("TEMPORAL_")
	s.env.set(temporalVariable, reached)
	s.env.set("TEMPORAL_NAMESPACE", "default")
	s.env.set("TEMPORAL_CONFIG_FILE", os.DevNull)
	s.env.set(variable("temporal.ui_url"), s.temporalUI)
	return nil
}

// awaitTemporal waits until our own Temporal answers.
func (s *Stack) awaitTemporal(context.Context) error {
	if s.temporal == nil {
		return nil
	}
	<-s.temporal.done
	if s.temporal.err != nil {
		return s.temporal.err
	}
	s.watch(s.temporal.server.Process, s.path("temporal", "temporal.log"))
	return nil
}

// beginning is a Temporal that is being started.
type beginning struct {
	config TemporalConfig
	done   chan struct{}
	server *Temporal // read after done is closed
	err    error
}

func (b *beginning) stop() error {
	<-b.done
	if b.err != nil {
		return nil // it never ran
	}
	return b.server.Stop()
}
