package fleet_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
)

func serviceCheck(change ...func(*fleet.Check)) fleet.Check {
	c := fleet.Check{Name: "web server", Type: fleet.CheckService, ServiceName: "nginx.service", FailureThreshold: 1, SuccessThreshold: 1}
	for _, f := range change {
		f(&c)
	}
	return c
}

func httpCheck(change ...func(*fleet.Check)) fleet.Check {
	c := fleet.Check{
		Name: "front page", Type: fleet.CheckHTTP, URL: "https://web.example.com:8443/health?x=1", ExpectedBody: "ok",
		BasicAuthUser: "probe", Password: &fleet.SealedPassword{}, FailureThreshold: 1, SuccessThreshold: 1,
	}
	for _, f := range change {
		f(&c)
	}
	return c
}

func TestACheckThatKeepsTheRulesIsValid(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]fleet.Check{
		"service":                 serviceCheck(),
		"http":                    httpCheck(),
		"name at the limit":       serviceCheck(func(c *fleet.Check) { c.Name = strings.Repeat("ä", 100) }),
		"service without type":    serviceCheck(func(c *fleet.Check) { c.ServiceName = "nginx" }),
		"instance":                serviceCheck(func(c *fleet.Check) { c.ServiceName = `postgresql@15-main.service` }),
		"escaped":                 serviceCheck(func(c *fleet.Check) { c.ServiceName = `srv-my\x2ddata.mount` }),
		"dots in the name":        serviceCheck(func(c *fleet.Check) { c.ServiceName = "dbus-org.freedesktop.login1.service" }),
		"service at the limit":    serviceCheck(func(c *fleet.Check) { c.ServiceName = strings.Repeat("a", 192) + ".service" }),
		"url at the limit":        httpCheck(func(c *fleet.Check) { c.URL = "http://h/" + strings.Repeat("a", 2048-9) }),
		"upper-case scheme":       httpCheck(func(c *fleet.Check) { c.URL = "HTTP://h/" }),
		"IPv6":                    httpCheck(func(c *fleet.Check) { c.URL = "http://[::1]:80/" }),
		"port 1":                  httpCheck(func(c *fleet.Check) { c.URL = "http://h:1" }),
		"port 65535":              httpCheck(func(c *fleet.Check) { c.URL = "http://h:65535" }),
		"body of one character":   httpCheck(func(c *fleet.Check) { c.ExpectedBody = "x" }),
		"body at the limit":       httpCheck(func(c *fleet.Check) { c.ExpectedBody = strings.Repeat("ä", 500) }),
		"body with a line break":  httpCheck(func(c *fleet.Check) { c.ExpectedBody = "a\n\tb" }),
		"user at the limit":       httpCheck(func(c *fleet.Check) { c.BasicAuthUser = strings.Repeat("u", 100) }),
		"user without a password": httpCheck(func(c *fleet.Check) { c.Password = nil }),
		"thresholds at the limit": serviceCheck(func(c *fleet.Check) { c.FailureThreshold, c.SuccessThreshold = 10, 10 }),
		"no authentication":       httpCheck(func(c *fleet.Check) { c.BasicAuthUser, c.Password = "", nil }),
	} {
		require.NoError(t, c.Validate(), name)
	}
}

func TestACheckThatBreaksARuleNamesFieldAndRule(t *testing.T) {
	t.Parallel()
	service := func(name string) fleet.Check {
		return serviceCheck(func(c *fleet.Check) { c.ServiceName = name })
	}
	url := func(u string) fleet.Check { return httpCheck(func(c *fleet.Check) { c.URL = u }) }
	for name, c := range map[string]struct {
		check fleet.Check
		field string
		rule  string
	}{
		"no name":                    {serviceCheck(func(c *fleet.Check) { c.Name = "" }), "name", "given"},
		"name past the limit":        {serviceCheck(func(c *fleet.Check) { c.Name = strings.Repeat("ä", 101) }), "name", "100 characters"},
		"name with a line break":     {serviceCheck(func(c *fleet.Check) { c.Name = "a\nb" }), "name", "control"},
		"name with a space in front": {serviceCheck(func(c *fleet.Check) { c.Name = " a" }), "name", "space"},
		"name not UTF-8":             {serviceCheck(func(c *fleet.Check) { c.Name = "\xff" }), "name", "UTF-8"},
		"no type":                    {serviceCheck(func(c *fleet.Check) { c.Type = "" }), "check_type", "service or http"},
		"unknown type":               {serviceCheck(func(c *fleet.Check) { c.Type = "tcp" }), "check_type", "service or http"},
		"no service":                 {service(""), "service_name", "given"},
		"service past the limit":     {service(strings.Repeat("a", 201)), "service_name", "200 characters"},
		"service with a slash":       {service("a/b"), "service_name", "systemd"},
		"service with a space":       {service("a b"), "service_name", "systemd"},
		"service of dots":            {service(".."), "service_name", "systemd"},
		"service like an option":     {service("--version"), "service_name", "systemd"},
		"service beginning with @":   {service("@a.service"), "service_name", "systemd"},
		"type without a name":        {service(".service"), "service_name", "systemd"},
		"template":                   {service("getty@.service"), "service_name", "instance"},
		"service with umlauts":       {service("dämon"), "service_name", "systemd"},
		"service with url":           {serviceCheck(func(c *fleet.Check) { c.URL = "http://h/" }), "url", "empty"},
		"service with body":          {serviceCheck(func(c *fleet.Check) { c.ExpectedBody = "x" }), "expected_body", "empty"},
		"service with user":          {serviceCheck(func(c *fleet.Check) { c.BasicAuthUser = "x" }), "basic_auth_user", "empty"},
		"service with password":      {serviceCheck(func(c *fleet.Check) { c.Password = &fleet.SealedPassword{} }), "basic_auth_pass", "empty"},
		"http with service":          {httpCheck(func(c *fleet.Check) { c.ServiceName = "nginx" }), "service_name", "empty"},
		"no url":                     {url(""), "url", "given"},
		"url past the limit":         {url("http://h/" + strings.Repeat("a", 2048-8)), "url", "2048 characters"},
		"relative url":               {url("/health"), "url", "absolute"},
		"url without scheme":         {url("web.example.com"), "url", "absolute"},
		"url of another scheme":      {url("ftp://h/"), "url", "absolute"},
		"opaque url":                 {url("http:h"), "url", "host"},
		"url without host":           {url("http:///x"), "url", "host"},
		"url with only a port":       {url("http://:80/"), "url", "host"},
		"url with user":              {url("http://u:p@h/"), "url", "user"},
		"url with empty user":        {url("http://@h/"), "url", "user"},
		"url with fragment":          {url("http://h/#a"), "url", "fragment"},
		"url with empty fragment":    {url("http://h/#"), "url", "fragment"},
		"port 0":                     {url("http://h:0/"), "url", "65535"},
		"port 65536":                 {url("http://h:65536/"), "url", "65535"},
		"colon without port":         {url("http://h:/"), "url", "port"},
		"port that is no number":     {url("http://h:x/"), "url", "valid"},
		"url with a space":           {url("http://h/a b"), "url", "valid"},
		"url with a backslash":       {url(`http://h\@evil/`), "url", "valid"},
		"url with a line break":      {url("http://h/\n"), "url", "control"},
		"address in hex":             {url("http://0x7f000001/"), "url", "four decimal"},
		"address as one number":      {url("http://2130706433/"), "url", "four decimal"},
		"short address":              {url("http://127.1/"), "url", "four decimal"},
		"octal address":              {url("http://0177.0.0.1/"), "url", "four decimal"},
		"address with a dot behind":  {url("http://127.0.0.1./"), "url", "four decimal"},
		"name ending in a number":    {url("http://a.example.0X1f./"), "url", "four decimal"},
		"address of five numbers":    {url("http://1.2.3.4.5/"), "url", "four decimal"},
		"broken escape":              {url("http://h/%zz"), "url", "valid"},
		"no body":                    {httpCheck(func(c *fleet.Check) { c.ExpectedBody = "" }), "expected_body", "given"},
		"body past the limit":        {httpCheck(func(c *fleet.Check) { c.ExpectedBody = strings.Repeat("ä", 501) }), "expected_body", "500 characters"},
		"body with zero":             {httpCheck(func(c *fleet.Check) { c.ExpectedBody = "a\x00" }), "expected_body", "zero"},
		"body not UTF-8":             {httpCheck(func(c *fleet.Check) { c.ExpectedBody = "\xff" }), "expected_body", "UTF-8"},
		"user with a colon":          {httpCheck(func(c *fleet.Check) { c.BasicAuthUser = "a:b" }), "basic_auth_user", "colon"},
		"user with control":          {httpCheck(func(c *fleet.Check) { c.BasicAuthUser = "a\tb" }), "basic_auth_user", "control"},
		"user past the limit":        {httpCheck(func(c *fleet.Check) { c.BasicAuthUser = strings.Repeat("u", 101) }), "basic_auth_user", "100 characters"},
		"no failure threshold":       {serviceCheck(func(c *fleet.Check) { c.FailureThreshold = 0 }), "failure_threshold", "from 1 to 10"},
		"failures past the limit":    {serviceCheck(func(c *fleet.Check) { c.FailureThreshold = 11 }), "failure_threshold", "from 1 to 10"},
		"no success threshold":       {httpCheck(func(c *fleet.Check) { c.SuccessThreshold = 0 }), "success_threshold", "from 1 to 10"},
		"successes past the limit":   {httpCheck(func(c *fleet.Check) { c.SuccessThreshold = 11 }), "success_threshold", "from 1 to 10"},
		"password without a user":    {httpCheck(func(c *fleet.Check) { c.BasicAuthUser = "" }), "basic_auth_user", "password"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := c.check.Validate()
			var invalid *fleet.Error
			require.ErrorAs(t, err, &invalid)
			require.Equal(t, fleet.KindInvalid, invalid.Kind)
			require.Equal(t, c.field, invalid.Field)
			require.Contains(t, invalid.Message, c.rule)
		})
	}
}
