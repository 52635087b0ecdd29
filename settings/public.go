package settings

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"
)

// Public is how people reach the API: api.public_url, or else http at api.listen. Without https everything, passwords and
// sessions included, could be read on the way, so that is for the machine itself alone.
func (s *Settings) Public() (*url.URL, error) {
	text := s.API.PublicURL
	if text == "" {
		text = "http://" + s.API.Listen
	}
	u, err := url.Parse(text)
	if err == nil && (u.Scheme == "https" || isLoopback(u.Hostname())) {
		return u, nil
	}
	return nil, errors.New("setting api.public_url (" + envName("api.public_url") + "): must be the https URL that people reach the API at; " +
		"http is for loopback addresses alone, and api.listen is none")
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// prefixes reads networks, separated by commas; a single address is the network of itself.
func prefixes(name, help string, at func(*Settings) *[]netip.Prefix) key {
	rule := "networks such as 10.0.0.0/8 or addresses, separated by commas"
	return key{name, "", rule, help, func(s *Settings, text string) bool {
		list, ok := readPrefixes(text)
		*at(s) = list
		return ok
	}, nil}
}

func readPrefixes(text string) ([]netip.Prefix, bool) {
	var list []netip.Prefix
	if text == "" {
		return nil, true
	}
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		if ip, err := netip.ParseAddr(part); err == nil {
			list = append(list, netip.PrefixFrom(ip, ip.BitLen()))
			continue
		}
		network, err := netip.ParsePrefix(part)
		if err != nil || network != network.Masked() {
			return nil, false
		}
		list = append(list, network)
	}
	return list, true
}
