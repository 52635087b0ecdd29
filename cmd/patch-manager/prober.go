package main

import (
	"net"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"go.temporal.io/sdk/client"

	"github.com/patch-manager/patch-manager/health"
	"github.com/patch-manager/patch-manager/settings"
)

// newProber makes what carries checks out; HTTP checks keep away from the servers that the manager works with.
func newProber(s settings.Settings, temporal string) *health.Prober {
	if temporal == "" {
		temporal = client.DefaultHostPort
	}
	temporal = temporal[strings.LastIndex(temporal, "/")+1:] // it may be written as a target of gRPC, dns:///host:port
	servers := append(databaseServers(s.Database.URL.Reveal()), databaseServers(s.Database.MigrateURL.Reveal())...)
	return health.NewProber(health.Config{
		Timeout: s.Health.CheckTimeout, Rules: s.Checks.Outbound, Redirects: s.Checks.MaxRedirects,
		Servers: append(servers, temporal),
	})
}

// databaseServers returns host:port of every server that a Postgres URL or connection string names. One behind a socket of
// this machine has none.
func databaseServers(url string) []string {
	config, err := pgconn.ParseConfig(url)
	if err != nil {
		return nil // the settings were checked to parse
	}
	all := []*pgconn.FallbackConfig{{Host: config.Host, Port: config.Port}}
	var servers []string
	for _, one := range append(all, config.Fallbacks...) {
		if !filepath.IsAbs(one.Host) {
			servers = append(servers, net.JoinHostPort(one.Host, strconv.Itoa(int(one.Port))))
		}
	}
	return servers
}
