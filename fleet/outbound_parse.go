package fleet

import (
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// ParsePorts reads a list of ports and ranges such as "80,443,1024-65535".
func ParsePorts(text string) ([]PortRange, error) {
	var ports []PortRange
	for part := range strings.SplitSeq(text, ",") {
		first, last, ranged := strings.Cut(strings.TrimSpace(part), "-")
		if !ranged {
			last = first
		}
		from, err := parsePort(first)
		if err != nil {
			return nil, err
		}
		to, err := parsePort(last)
		if err != nil || to < from {
			return nil, errPort
		}
		ports = append(ports, PortRange{from, to})
	}
	return ports, nil
}

var errPort = errors.New("must be ports and ranges from 1 to 65535")

func parsePort(text string) (uint16, error) {
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil || n == 0 {
		return 0, errPort
	}
	return uint16(n), nil
}

// ParseOutboundAllow reads a list of networks in CIDR notation and of host:port, which may be empty.
func ParseOutboundAllow(text string) (OutboundAllow, error) {
	var allow OutboundAllow
	if strings.TrimSpace(text) == "" {
		return allow, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		if network, err := netip.ParsePrefix(part); err == nil {
			allow.Networks = append(allow.Networks, network.Masked())
			continue
		}
		host, port, err := net.SplitHostPort(part)
		if err != nil || host == "" {
			return OutboundAllow{}, errors.New("must be networks such as 127.0.0.0/8 and host:port")
		}
		if _, err := parsePort(port); err != nil {
			return OutboundAllow{}, err
		}
		allow.Endpoints = append(allow.Endpoints, part)
	}
	return allow, nil
}
