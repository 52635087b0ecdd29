package settings

import (
	"errors"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/patch-manager/patch-manager/fleet"
)

// maxLine bounds a setting of one line, in characters.
const maxLine = 255

func line(name, def, help string, at func(*Settings) *string) key {
	return key{name, def, "at most 255 characters of one line, without a space at either end", help, func(s *Settings, text string) bool {
		*at(s) = text
		return (text == "" && def == "") || fleet.CheckName(name, text, maxLine) == nil
	}, nil}
}

func hidden(name, help string, at func(*Settings) *fleet.Secret) key {
	return key{name, "", "at most 1000 characters of one line", help, func(s *Settings, text string) bool {
		*at(s) = fleet.NewSecret(text)
		return fleet.CheckText(name, text, 1000, false) == nil
	}, showSecret(at)}
}

// issuer keeps the text as it is: a slash at its end makes another issuer. Plain http is for development on one machine.
func issuer(name, help string, at func(*Settings) *string) key {
	return key{name, "", "an https URL without query and fragment, http at a loopback address, or empty", help, func(s *Settings, text string) bool {
		*at(s) = text
		u, err := url.Parse(text)
		if text == "" || err != nil || !isWebURL(text) {
			return text == ""
		}
		ip := net.ParseIP(u.Hostname())
		return u.Scheme == "https" || u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	}, nil}
}

// split reads a list as text writes it.
func split(text string) []string {
	separator := ","
	if lines, ok := strings.CutSuffix(text, "\n"); ok {
		text, separator = lines, "\n"
	}
	list := strings.Split(text, separator)
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
	}
	return list
}

// scopeSyntax is RFC 6749's, without the comma, which separates here.
var scopeSyntax = regexp.MustCompile(`^[\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]{1,255}$`)

func scopes(name, def, help string, at func(*Settings) *[]string) key {
	return key{name, def, "a list of scopes with openid among them", help, func(s *Settings, text string) bool {
		list := split(text)
		*at(s) = list
		return slices.Contains(list, "openid") && !slices.ContainsFunc(list, func(n string) bool { return !scopeSyntax.MatchString(n) })
	}, nil}
}

func mappings(name, help string, at func(*Settings) *[]fleet.RoleMapping) key {
	rule := "a list of <claim group>=admin, <claim group>=operator:<group> and <claim group>=viewer:<group>"
	return key{name, "", rule, help, func(s *Settings, text string) bool {
		*at(s) = nil
		if text == "" {
			return true // whether it may be is decided once all are known
		}
		for _, part := range split(text) {
			m, err := fleet.ParseRoleMapping(part)
			if err != nil {
				return false
			}
			*at(s) = append(*at(s), m)
		}
		return true
	}, nil}
}

// checkOIDC holds single sign-on to being there whole or not at all.
func (s *Settings) checkOIDC() []error {
	secret, file := s.OIDC.ClientSecret.Reveal() != "", s.OIDC.ClientSecretFile != ""
	given := []struct {
		key string
		is  bool
	}{
		{"oidc.issuer", s.OIDC.Issuer != ""},
		{"oidc.client_id", s.OIDC.ClientID != ""},
		{"oidc.client_secret or oidc.client_secret_file", secret || file},
		{"oidc.role_mappings", len(s.OIDC.RoleMappings) > 0},
	}
	var problems, missing []error
	for _, g := range given {
		if !g.is {
			missing = append(missing, errors.New("setting "+g.key+": required for single sign-on, of which other settings are there"))
		}
	}
	if len(missing) < len(given) {
		problems = missing
	}
	if secret && file {
		problems = append(problems, errors.New("setting oidc.client_secret_file: goes without oidc.client_secret"))
	}
	return problems
}
