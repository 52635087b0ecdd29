package settings

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/patch-manager/patch-manager/fleet"
)

// key is a setting: its name, its default as text, the rule that its value keeps, and how a text becomes its value.
// parse reports whether the text keeps the rule; a value is never part of a message, for it may hold a password.
type key struct {
	name, value, rule, help string
	parse                   func(s *Settings, text string) bool
	show                    func(s *Settings) string // what people see of a secret; nil for what is none
}

func (k key) set(s *Settings, text string) error {
	if !k.parse(s, text) {
		return errors.New("must be " + k.rule)
	}
	return nil
}

func duration(name, def string, low, high time.Duration, help string, at func(*Settings) *time.Duration) key {
	rule := fmt.Sprintf("a duration such as 90s, from %s to %s", short(low), short(high))
	return key{name, def, rule, help, func(s *Settings, text string) bool {
		d, err := time.ParseDuration(text)
		*at(s) = d
		return err == nil && d >= low && d <= high
	}, nil}
}

// short writes 24h0m0s as 24h.
func short(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

func integer(name, def string, low, high int, help string, at func(*Settings) *int) key {
	return key{name, def, fmt.Sprintf("a whole number from %d to %d", low, high), help, func(s *Settings, text string) bool {
		n, err := strconv.Atoi(text)
		*at(s) = n
		return err == nil && n >= low && n <= high
	}, nil}
}

func boolean(name, def, help string, at func(*Settings) *bool) key {
	return key{name, def, "true or false", help, func(s *Settings, text string) bool {
		*at(s) = text == "true"
		return text == "true" || text == "false"
	}, nil}
}

func choice(name, def string, allowed []string, help string, at func(*Settings) *string) key {
	return key{name, def, "one of " + strings.Join(allowed, ", "), help, func(s *Settings, text string) bool {
		*at(s) = text
		return slices.Contains(allowed, text)
	}, nil}
}

func path(name, def, help string, at func(*Settings) *string) key {
	return key{name, def, "an absolute path", help, func(s *Settings, text string) bool {
		*at(s) = text
		return filepath.IsAbs(text)
	}, nil}
}

func optionalPath(name, def, help string, at func(*Settings) *string) key {
	return key{name, def, "an absolute path, or empty", help, func(s *Settings, text string) bool {
		*at(s) = text
		return text == "" || filepath.IsAbs(text)
	}, nil}
}

func listen(name, def, help string, at func(*Settings) *string) key {
	return key{name, def, "host:port with a port from 1 to 65535", help, func(s *Settings, text string) bool {
		*at(s) = text
		return isListen(text)
	}, nil}
}

func optionalListen(name, help string, at func(*Settings) *string) key {
	return key{name, "", "host:port with a port from 1 to 65535, or empty", help, func(s *Settings, text string) bool {
		*at(s) = text
		return text == "" || isListen(text)
	}, nil}
}

func isListen(text string) bool {
	_, port, err := net.SplitHostPort(text)
	if err != nil {
		return false
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0
}

func webURL(name, help string, at func(*Settings) *string) key {
	return key{name, "", "an http or https URL without query and fragment, or empty", help, func(s *Settings, text string) bool {
		*at(s) = strings.TrimRight(text, "/")
		return text == "" || isWebURL(text)
	}, nil}
}

func isWebURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil &&
		u.RawQuery == "" && u.Fragment == ""
}

func dsn(name, help string, at func(*Settings) *fleet.Secret) key {
	return key{name, "", "a Postgres URL or connection string", help, func(s *Settings, text string) bool {
		*at(s) = fleet.NewSecret(text)
		if text == "" {
			return true // whether it may be is decided once all are known
		}
		_, err := pgconn.ParseConfig(text)
		return err == nil
	}, showDSN(at)}
}

var nameSyntax = regexp.MustCompile(`^[a-z0-9]([a-z0-9_-]{0,48}[a-z0-9])?$`)

func names(name, def, help string, at func(*Settings) *[]string) key {
	rule := "at least one name of 1 to 50 lower-case letters, digits, - and _, none twice"
	return key{name, def, rule, help, func(s *Settings, text string) bool {
		list := strings.Split(text, ",")
		for i := range list {
			list[i] = strings.TrimSpace(list[i])
		}
		*at(s) = list
		sorted := slices.Sorted(slices.Values(list))
		return len(slices.Compact(sorted)) == len(list) &&
			!slices.ContainsFunc(list, func(n string) bool { return !nameSyntax.MatchString(n) })
	}, nil}
}

func ports(name, def, help string, at func(*Settings) *[]fleet.PortRange) key {
	return key{name, def, "ports and ranges such as 80,8000-8999, from 1 to 65535", help, func(s *Settings, text string) bool {
		list, err := fleet.ParsePorts(text)
		*at(s) = list
		return err == nil
	}, nil}
}

func allowed(name, help string, at func(*Settings) *fleet.OutboundAllow) key {
	rule := "networks such as 127.0.0.0/8 and host:port, separated by commas, or empty"
	return key{name, "", rule, help, func(s *Settings, text string) bool {
		list, err := fleet.ParseOutboundAllow(text)
		*at(s) = list
		return err == nil
	}, nil}
}
