package settings

import (
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/knadh/koanf/v2"

	"github.com/patch-manager/patch-manager/fleet"
)

// What is shown of a secret.
const (
	secretSet    = "set"
	secretNotSet = "not set"
)

// shown lists the settings as people may see them. A setting that holds a secret says by itself what of it may be seen.
func shown(s *Settings, values *koanf.Koanf, sources map[string]fleet.SettingSource) []fleet.Setting {
	list := make([]fleet.Setting, len(keys))
	for i, k := range keys {
		list[i] = fleet.Setting{Key: k.name, Default: k.value, Source: sources[k.name], Help: k.help}
		if k.show != nil {
			list[i].Value = k.show(s)
			continue
		}
		value, _ := text(values.Get(k.name)) // which parse has read already
		list[i].Value = withoutPassword(strings.TrimSuffix(value, "\n"))
	}
	return list
}

// showSecret says of a secret whether there is one.
func showSecret(at func(*Settings) *fleet.Secret) func(*Settings) string {
	return func(s *Settings) string {
		if at(s).Reveal() == "" {
			return secretNotSet
		}
		return secretSet
	}
}

// showDSN says where a database is and as whom it is used. It is put together from what was understood of the text, never
// cut out of it: a connection string has many places for a secret.
func showDSN(at func(*Settings) *fleet.Secret) func(*Settings) string {
	return func(s *Settings) string {
		text := at(s).Reveal()
		if text == "" {
			return secretNotSet
		}
		c, err := pgconn.ParseConfig(text)
		if err != nil {
			return secretSet
		}
		u := url.URL{Scheme: "postgres", User: url.User(c.User), Path: "/" + c.Database}
		if strings.HasPrefix(c.Host, "/") { // a socket
			u.RawQuery = url.Values{"host": {c.Host}}.Encode()
		} else {
			u.Host = strings.Join(servers(c), ",")
		}
		return u.String()
	}
}

// servers are those that a connection is tried at, in order; one that is tried in two ways is named once.
func servers(c *pgconn.Config) []string {
	list := []string{net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port)))}
	for _, f := range c.Fallbacks {
		if server := net.JoinHostPort(f.Host, strconv.Itoa(int(f.Port))); !slices.Contains(list, server) {
			list = append(list, server)
		}
	}
	return list
}

// withoutPassword takes the password out of a URL. The rules of the settings let none in, and whoever loosens one should not
// have to know of this.
func withoutPassword(value string) string {
	u, err := url.Parse(value)
	if err != nil || u.User == nil {
		return value
	}
	u.User = url.User(u.User.Username())
	return u.String()
}
