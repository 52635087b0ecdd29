package health

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/patch-manager/patch-manager/fleet"
)

const (
	// surroundingsAge: an interface may get another address, and a server move, at any time.
	surroundingsAge = 5 * time.Second
	// lookUpTimeout bounds how long all checks wait for the names of servers.
	lookUpTimeout = 2 * time.Second
)

// surroundings knows the addresses of this machine, and where its servers and what an administrator listed are now.
type surroundings struct {
	servers, listed []string // host:port
	resolver        *net.Resolver
	age             time.Duration // how old what is known may be

	reading sync.Mutex
	last    atomic.Pointer[sighting]
}

// sighting is what was found at a time, or why nothing was.
type sighting struct {
	fleet.Surroundings
	err error
	at  time.Time
}

// now returns the surroundings. While one check reads them anew, the others go by what was known before. It fails where
// they could not be read yet, for then nothing can be judged.
func (s *surroundings) now(ctx context.Context) (fleet.Surroundings, error) {
	last := s.last.Load()
	if !s.outdated(last) {
		return last.Surroundings, last.err
	}
	if last == nil || last.err != nil {
		s.reading.Lock()
	} else if !s.reading.TryLock() {
		return last.Surroundings, nil
	}
	defer s.reading.Unlock()
	if last = s.last.Load(); s.outdated(last) {
		last = s.read(ctx, last)
		s.last.Store(last)
	}
	return last.Surroundings, last.err
}

func (s *surroundings) outdated(last *sighting) bool {
	return last == nil || time.Since(last.at) > s.age
}

// read keeps what was known where it can not be read again. The check that reads may end meanwhile, the others need it.
func (s *surroundings) read(ctx context.Context, before *sighting) *sighting {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookUpTimeout)
	defer cancel()
	found, err := s.look(ctx)
	if err != nil && before != nil && before.err == nil {
		found, err = before.Surroundings, nil
	}
	if err != nil {
		err = fleet.Unavailable("surroundings_unknown", "the addresses of the manager and its servers can not be told")
	}
	return &sighting{found, err, time.Now()}
}

func (s *surroundings) look(ctx context.Context) (fleet.Surroundings, error) {
	own, err := ownAddresses()
	if err != nil {
		return fleet.Surroundings{}, err
	}
	found := fleet.Surroundings{Own: own}
	for _, server := range s.servers {
		addresses, err := s.resolve(ctx, server)
		if err != nil {
			return fleet.Surroundings{}, err
		}
		found.Servers = append(found.Servers, addresses...)
	}
	for _, listed := range s.listed {
		// What can not be resolved is just not listed.
		addresses, _ := s.resolve(ctx, listed)
		found.Listed = append(found.Listed, addresses...)
	}
	return found, nil
}

func (s *surroundings) resolve(ctx context.Context, endpoint string) ([]netip.AddrPort, error) {
	host, text, err := net.SplitHostPort(endpoint)
	if err != nil {
		return nil, fmt.Errorf("read endpoint: %w", err)
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("read endpoint: %w", err)
	}
	addresses, err := s.resolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, fmt.Errorf("resolve endpoint: %w", err)
	}
	found := make([]netip.AddrPort, len(addresses))
	for i, a := range addresses {
		found[i] = netip.AddrPortFrom(a.WithZone("").Unmap(), uint16(port))
	}
	return found, nil
}

// ownAddresses returns the addresses of every interface. Of the loopback interface whole networks are this machine's.
func ownAddresses() ([]netip.Prefix, error) {
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil, fmt.Errorf("list interfaces: %w", err)
	}
	var own []netip.Prefix
	for _, i := range interfaces {
		addresses, err := i.Addrs()
		if err != nil {
			return nil, fmt.Errorf("list addresses of an interface: %w", err)
		}
		for _, a := range addresses {
			network, err := netip.ParsePrefix(a.String())
			if err != nil {
				return nil, fmt.Errorf("read address of an interface: %w", err)
			}
			if i.Flags&net.FlagLoopback == 0 {
				network = netip.PrefixFrom(network.Addr(), network.Addr().BitLen())
			}
			own = append(own, network)
		}
	}
	return own, nil
}
