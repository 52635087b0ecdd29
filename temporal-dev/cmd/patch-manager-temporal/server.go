package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	uiserver "github.com/temporalio/ui-server/v2/server"
	uiconfig "github.com/temporalio/ui-server/v2/server/config"
	uioptions "github.com/temporalio/ui-server/v2/server/server_options"
	"go.temporal.io/sdk/client"
	"go.temporal.io/server/common/authorization"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/membership/static"
	"go.temporal.io/server/common/primitives"
	"go.temporal.io/server/temporal"
)

// aliveTimeout bounds one look whether the server answers.
const aliveTimeout = 10 * time.Second

// serve runs server and UI until ctx ends.
func serve(ctx context.Context, o options) error {
	c, err := load(o.config)
	if err != nil {
		return err
	}
	logger := log.NewZapLogger(log.BuildZapLogger(c.Log))
	server, err := newServer(c, logger)
	if err != nil {
		return err
	}
	if err := server.Start(); err != nil {
		return err
	}
	defer func() { _ = server.Stop() }()
	ended := make(chan error, 1)
	frontend := addressOf(c, primitives.FrontendService)
	if o.ui != "" {
		ui, err := newUI(o.ui, frontend)
		if err != nil {
			return err
		}
		go func() { ended <- ui.Start() }()
		defer ui.Stop()
	}
	temporal, err := client.NewLazyClient(client.Options{HostPort: frontend, Logger: log.NewSdkLogger(logger)})
	if err != nil {
		return err
	}
	defer temporal.Close()
	if err := ensureNamespace(ctx, temporal, o.retention); err != nil {
		return err
	}
	return attend(ctx, temporal, ended)
}

func newServer(c *config.Config, logger log.Logger) (temporal.Server, error) {
	authorizer, err := authorization.GetAuthorizerFromConfig(&c.Global.Authorization)
	if err != nil {
		return nil, fmt.Errorf("make authorizer: %w", err)
	}
	claims, err := authorization.GetClaimMapperFromConfig(&c.Global.Authorization, logger)
	if err != nil {
		return nil, fmt.Errorf("make claim mapper: %w", err)
	}
	dynamic, err := newDynamic(c, logger)
	if err != nil {
		return nil, err
	}
	hosts := map[primitives.ServiceName]static.Hosts{}
	for _, name := range temporal.DefaultServices {
		hosts[primitives.ServiceName(name)] = static.SingleLocalHost(addressOf(c, primitives.ServiceName(name)))
	}
	return temporal.NewServer(
		temporal.WithConfig(c), temporal.ForServices(temporal.DefaultServices), temporal.WithStaticHosts(hosts),
		temporal.WithLogger(logger), temporal.WithAuthorizer(authorizer), temporal.WithDynamicConfigClient(dynamic),
		temporal.WithClaimMapper(func(*config.Config) authorization.ClaimMapper { return claims }),
	)
}

// newDynamic is the file of dynamic settings where the configuration names one. Without, it is Temporal's defaults, but that
// nobody outside is asked whether there is a newer release.
func newDynamic(c *config.Config, logger log.Logger) (dynamicconfig.Client, error) {
	if c.DynamicConfigClient == nil {
		return dynamicconfig.StaticClient{dynamicconfig.EnableServerVersionCheck.Key(): false}, nil
	}
	return dynamicconfig.NewFileBasedClient(c.DynamicConfigClient, logger, make(chan any))
}

// addressOf is where a part of the server listens for the others.
func addressOf(c *config.Config, name primitives.ServiceName) string {
	rpc := c.Services[string(name)].RPC
	host := "127.0.0.1"
	if rpc.BindOnIP != "" && !net.ParseIP(rpc.BindOnIP).IsUnspecified() {
		host = rpc.BindOnIP
	}
	return net.JoinHostPort(host, strconv.Itoa(rpc.GRPCPort))
}

func newUI(listen, frontend string) (*uiserver.Server, error) {
	host, text, err := net.SplitHostPort(listen)
	if err != nil {
		return nil, fmt.Errorf("--ui: must be host:port: %w", err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		return nil, errors.New("--ui: must be host:port with a number as port")
	}
	return uiserver.NewServer(uioptions.WithConfigProvider(&uiconfig.Config{
		Host: host, Port: port, TemporalGRPCAddress: frontend, EnableUI: true, HideLogs: true, DefaultNamespace: client.DefaultNamespace,
		CORS: uiconfig.CORS{CookieInsecure: true}, // it is reached on loopback, or by a proxy that ends TLS
	})), nil
}

// attend tells systemd that the server serves, for as long as it answers, until ctx ends.
func attend(ctx context.Context, temporal client.Client, ended <-chan error) error {
	_, _ = daemon.SdNotify(false, daemon.SdNotifyReady)
	patience, err := daemon.SdWatchdogEnabled(false)
	if err != nil || patience == 0 {
		patience = time.Minute
	}
	tick := time.NewTicker(patience / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			_, _ = daemon.SdNotify(false, daemon.SdNotifyStopping)
			return nil
		case err := <-ended:
			return fmt.Errorf("web UI ended: %w", err)
		case <-tick.C:
			if alive(ctx, temporal) {
				_, _ = daemon.SdNotify(false, daemon.SdNotifyWatchdog)
			}
		}
	}
}

func alive(ctx context.Context, temporal client.Client) bool {
	ctx, cancel := context.WithTimeout(ctx, aliveTimeout)
	defer cancel()
	_, err := temporal.CheckHealth(ctx, &client.CheckHealthRequest{})
	return err == nil
}
