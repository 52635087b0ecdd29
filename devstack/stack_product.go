package devstack

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/patch-manager/patch-manager/agent/agenttest"
)

// fleetNetwork is the address of the first simulated host where all share a port; each has one of its own, as real
// hosts do.
var fleetNetwork = netip.AddrFrom4([4]byte{127, 0, 77, 1})

func (s *Stack) startFleet(ctx context.Context) error {
	pki, err := agenttest.NewPKI(s.path("pki"))
	if err != nil {
		return err
	}
	options := agenttest.Options{PKI: pki, Hosts: s.config.Hosts, StateFile: s.path("fleet.json")}
	if s.config.Ports.Agents != 0 {
		options.Address = fleetNetwork
		options.AgentPort, options.WebPort = uint16(s.config.Ports.Agents), uint16(s.config.Ports.Web)
	}
	fleet, err := agenttest.NewFleet(options)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%w; choose other ports with %s and %s", err, settingAgents, settingWeb)
	}
	if err != nil {
		return err
	}
	s.Fleet = fleet
	s.onStop(fleet.Close)
	if name := variable("checks.allow"); !s.env.has(name) {
		s.env.set(name, s.pages())
	}
	if s.config.Ports.Control != 0 {
		s.serveControl(ctx)
	}
	return nil
}

// pages are the simulated hosts' pages as an administrator lists them for HTTP checks, which do not reach this machine
// otherwise.
func (s *Stack) pages() string {
	var list []string
	for _, h := range s.Fleet.Hosts() {
		if page := h.WebURL(); page != "" {
			list = append(list, strings.Trim(strings.TrimPrefix(page, "http://"), "/"))
		}
	}
	return strings.Join(list, ",")
}

// serveControl serves the endpoint that breaks and mends simulated hosts until the stack stops.
func (s *Stack) serveControl(ctx context.Context) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := s.Fleet.ServeControl(ctx, Address(s.config.Ports.Control)); err != nil {
			s.fail(err)
		}
	}()
	s.onStop(func() error { cancel(); <-done; return nil })
}

// startAPI migrates the database, starts the API as a process of its own, as in production, and registers the fleet.
func (s *Stack) startAPI(ctx context.Context) error {
	s.config.Say("migrating the database")
	if _, err := s.Command(ctx, "migrate"); err != nil {
		return err
	}
	if err := s.makeAdministrator(ctx); err != nil {
		return err
	}
	s.config.Say("starting the API")
	address := s.listenAddress("api.listen")
	var err error
	if s.api, err = s.serve(ctx, "api", address, "api"); err != nil {
		return err
	}
	if err := s.connect(ctx, "http://"+address); err != nil {
		return err
	}
	if err := s.ensurePassword(ctx); err != nil {
		return err
	}
	if err := s.writeEnv(); err != nil {
		return err
	}
	return s.config.Register(ctx, s)
}

// listenAddress returns where the process that listens by the setting key can be dialled.
func (s *Stack) listenAddress(key string) string {
	address, _ := s.env.lookup(variable(key))
	return dialable(address)
}

// dialable turns an address that is listened on into one that can be dialled.
func dialable(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	if ip, err := netip.ParseAddr(host); host == "" || (err == nil && ip.IsUnspecified()) {
		host = Loopback
	}
	return net.JoinHostPort(host, port)
}

// Command carries out a subcommand of the product to its end and returns what it printed.
func (s *Stack) Command(ctx context.Context, args ...string) (string, error) {
	return s.runWith(ctx, "", args...)
}

// runWith is Command with what the subcommand reads.
func (s *Stack) runWith(ctx context.Context, in string, args ...string) (string, error) {
	var out, problems strings.Builder
	cmd := exec.CommandContext(ctx, s.config.Program, args...)
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = s.env.list(), strings.NewReader(in), &out, &problems
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	err := startPinned(cmd)
	if err == nil {
		err = cmd.Wait()
	}
	if err != nil {
		return "", fmt.Errorf("patch-manager %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(problems.String()))
	}
	return strings.TrimSpace(out.String()), nil
}

// serve starts a subcommand that serves until it is stopped, and waits until it is ready. Its log is called name.
func (s *Stack) serve(ctx context.Context, name, address, command string, flags ...string) (*Process, error) {
	path := s.path("log", name+".log")
	log, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	defer log.Close()
	p, err := Start(Command{
		Name: name, Path: s.config.Program, Args: append([]string{command}, flags...), Env: s.env.list(), Output: log,
	})
	if err != nil {
		return nil, err
	}
	s.onStop(p.Stop)
	if err := ready(ctx, p, "http://"+address+"/readyz", path); err != nil {
		return nil, err
	}
	s.watch(p, path)
	return p, nil
}

func ready(ctx context.Context, p *Process, url, log string) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		err := answers(ctx, url)
		if err == nil {
			return nil
		}
		select {
		case <-p.Done():
			return fmt.Errorf("start: %w; %s ends with:\n%s", p.ended(), log, tail(log))
		case <-ctx.Done():
			return fmt.Errorf("start %s: not ready: %w; %s ends with:\n%s", p.name, err, log, tail(log))
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func answers(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, response.Status)
	}
	return nil
}
