package fleet

import (
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The bounds of a check's fields, in characters.
const (
	MaxCheckName     = 100
	MaxServiceName   = 200
	MaxURL           = 2048
	MaxExpectedBody  = 500
	MaxBasicAuthUser = 100
)

// MaxThreshold bounds FailureThreshold and SuccessThreshold, which are at least 1; the database holds it.
const MaxThreshold = 10

// Validate says which field of c breaks which rule, the first one found, in terms of the request body.
func (c Check) Validate() error {
	if err := validateText("name", c.Name, MaxCheckName); err != nil {
		return err
	}
	if strings.TrimSpace(c.Name) != c.Name {
		return Invalid("name", "must not begin or end with a space")
	}
	if err := c.validateThresholds(); err != nil {
		return err
	}
	switch c.Type {
	case CheckService:
		return c.validateService()
	case CheckHTTP:
		return c.validateHTTP()
	}
	return Invalid("check_type", "must be service or http")
}

func (c Check) validateThresholds() error {
	if c.FailureThreshold < 1 || c.FailureThreshold > MaxThreshold {
		return Invalid("failure_threshold", "must be from 1 to %d", MaxThreshold)
	}
	if c.SuccessThreshold < 1 || c.SuccessThreshold > MaxThreshold {
		return Invalid("success_threshold", "must be from 1 to %d", MaxThreshold)
	}
	return nil
}

func (c Check) validateService() error {
	switch {
	case c.URL != "":
		return Invalid("url", "must be empty for a service check")
	case c.ExpectedBody != "":
		return Invalid("expected_body", "must be empty for a service check")
	case c.BasicAuthUser != "":
		return Invalid("basic_auth_user", "must be empty for a service check")
	case c.Password != nil:
		return Invalid("basic_auth_pass", "must be empty for a service check")
	}
	return validateServiceName(c.ServiceName)
}

func (c Check) validateHTTP() error {
	if c.ServiceName != "" {
		return Invalid("service_name", "must be empty for an http check")
	}
	if err := ValidateURL(c.URL); err != nil {
		return err
	}
	if err := validateExpectedBody(c.ExpectedBody); err != nil {
		return err
	}
	if c.BasicAuthUser == "" && c.Password != nil {
		return Invalid("basic_auth_user", "must be given with a password")
	}
	return validateBasicAuthUser(c.BasicAuthUser)
}

// validateText holds a required text to one printable line of at most limit characters.
func validateText(field, s string, limit int) error {
	if s == "" {
		return Invalid(field, "must be given")
	}
	if !utf8.ValidString(s) {
		return Invalid(field, "must be valid UTF-8")
	}
	if utf8.RuneCountInString(s) > limit {
		return Invalid(field, "must be at most %d characters", limit)
	}
	if strings.ContainsFunc(s, unicode.IsControl) {
		return Invalid(field, "must not contain control characters")
	}
	return nil
}

// unitTypes are the suffixes of systemd units.
var unitTypes = []string{
	"service", "socket", "target", "device", "mount", "automount", "swap", "timer", "path", "slice", "scope",
}

// HasUnitType reports whether name ends in a type of systemd units. A name without one means a service.
func HasUnitType(name string) bool {
	_, ok := cutUnitType(name)
	return ok
}

func cutUnitType(name string) (prefix string, ok bool) {
	i := strings.LastIndexByte(name, '.')
	if i < 0 || !slices.Contains(unitTypes, name[i+1:]) {
		return name, false
	}
	return name[:i], true
}

// unitPrefix is what systemd.unit(5) allows before the type, an instance after an @ included. A name that begins with a
// dash or a dot is left out, although "-.mount" exists: agents pass names to commands and paths.
var unitPrefix = regexp.MustCompile(`^[A-Za-z0-9_:\\][A-Za-z0-9_:.\\@-]*$`)

func validateServiceName(name string) error {
	if name == "" {
		return Invalid("service_name", "must be given for a service check")
	}
	if len(name) > MaxServiceName {
		return Invalid("service_name", "must be at most %d characters", MaxServiceName)
	}
	prefix, _ := cutUnitType(name)
	if !unitPrefix.MatchString(prefix) {
		return Invalid("service_name",
			`must be the name of a systemd unit: letters, digits and : _ . \ - @, not beginning with @, a dash or a dot`)
	}
	if strings.HasSuffix(prefix, "@") {
		return Invalid("service_name", "must name an instance after the @: a template does not run")
	}
	return nil
}

// ValidateURL refuses what can not be the URL of an HTTP check, whatever the settings say.
func ValidateURL(raw string) error {
	if err := validateText("url", raw, MaxURL); err != nil {
		return err
	}
	u, err := url.Parse(raw)
	if err != nil || strings.ContainsAny(raw, " \\") {
		return Invalid("url", "must be a valid URL")
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return Invalid("url", "must be an absolute http or https URL")
	case u.User != nil:
		return Invalid("url", "must not contain a user or a password; use basic_auth_user")
	case u.Fragment != "" || strings.Contains(raw, "#"):
		return Invalid("url", "must not contain a fragment")
	case u.Hostname() == "":
		return Invalid("url", "must contain a host")
	case oddAddress(u.Hostname()):
		return Invalid("url", "must write an IPv4 address as four decimal numbers, without leading zeros")
	}
	return validatePort(u)
}

// oddAddress reports whether host would be an IPv4 address to some and a name to others: 2130706433, 0x7f.1, 127.1. What
// ends in a number is an address (WHATWG URL, section 3.5).
func oddAddress(host string) bool {
	labels := strings.Split(strings.TrimSuffix(host, "."), ".")
	last := strings.ToLower(labels[len(labels)-1])
	digits, hex := strings.CutPrefix(last, "0x")
	alphabet := "0123456789"
	if hex {
		alphabet += "abcdef"
	}
	if (digits == "" && !hex) || strings.Trim(digits, alphabet) != "" {
		return false
	}
	_, err := netip.ParseAddr(host)
	return err != nil
}

func validatePort(u *url.URL) error {
	if u.Port() == "" {
		if strings.HasSuffix(u.Host, ":") {
			return Invalid("url", "must contain a port after the colon")
		}
		return nil
	}
	if n, err := strconv.Atoi(u.Port()); err != nil || n < 1 || n > 65535 {
		return Invalid("url", "port must be from 1 to 65535")
	}
	return nil
}

// validateExpectedBody allows line breaks and tabs: a body may have them.
func validateExpectedBody(s string) error {
	if s == "" {
		return Invalid("expected_body", "must be given for an http check")
	}
	if !utf8.ValidString(s) {
		return Invalid("expected_body", "must be valid UTF-8")
	}
	if utf8.RuneCountInString(s) > MaxExpectedBody {
		return Invalid("expected_body", "must be at most %d characters", MaxExpectedBody)
	}
	if strings.ContainsRune(s, 0) {
		return Invalid("expected_body", "must not contain a zero character")
	}
	return nil
}

func validateBasicAuthUser(s string) error {
	if s == "" {
		return nil
	}
	if err := validateText("basic_auth_user", s, MaxBasicAuthUser); err != nil {
		return err
	}
	if strings.Contains(s, ":") {
		return Invalid("basic_auth_user", "must not contain a colon")
	}
	return nil
}
