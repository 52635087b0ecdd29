package agenttest

import (
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"github.com/patch-manager/patch-manager/agent"
)

// CrowdSpec says what a crowd is.
type CrowdSpec struct {
	// Domain is what the names of all hosts end in, without a dot before it.
	Domain string
	// First is the first of the loopback addresses, and Addresses how many there are: ports of a client run out where many
	// connections go to one.
	First     netip.Addr
	Addresses int
	Page      string // what each web page says
	// Silent hosts accept connections and say nothing ever.
	Silent bool
}

// Crowd stands for a fleet that is too large for a Host each: every service of every host is well until it is told
// otherwise, and so is every page. It keeps nothing and has no packages. It is safe for concurrent use.
type Crowd struct {
	Agents, Pages []netip.AddrPort // one of each for each address

	broken  atomic.Bool
	closers []io.Closer
}

// NewCrowd starts a crowd; Close stops it.
func NewCrowd(pki *PKI, spec CrowdSpec) (*Crowd, error) {
	cert, err := pki.Issue(Certificate{Name: "*." + spec.Domain})
	if err != nil {
		return nil, err
	}
	config := pki.serverTLS()
	config.Certificates = []tls.Certificate{*cert}
	c := &Crowd{}
	agents, pages := c.server(http.HandlerFunc(c.service)), c.server(http.HandlerFunc(c.page(spec.Page)))
	address := spec.First
	for range spec.Addresses {
		err = errors.Join(err, c.listen(address, &c.Agents, func(l net.Listener) error {
			if spec.Silent {
				return hold(l)
			}
			return agents.Serve(tls.NewListener(l, config))
		}), c.listen(address, &c.Pages, func(l net.Listener) error {
			if spec.Silent {
				return hold(l)
			}
			return pages.Serve(l)
		}))
		address = address.Next()
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

func (c *Crowd) server(handler http.Handler) *http.Server {
	s := &http.Server{
		Handler: handler, ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
	c.closers = append(c.closers, s)
	return s
}

// listen serves on a free port of address until it is closed, and notes where that is.
func (c *Crowd) listen(address netip.Addr, where *[]netip.AddrPort, serve func(net.Listener) error) error {
	if !address.IsLoopback() {
		return errors.New("start crowd: " + address.String() + " is not a loopback address")
	}
	l, err := net.Listen("tcp", netip.AddrPortFrom(address, 0).String())
	if err != nil {
		return err
	}
	c.closers = append(c.closers, l)
	*where = append(*where, l.Addr().(*net.TCPAddr).AddrPort())
	go serve(l) //nolint:errcheck // it ends because it is closed
	return nil
}

// Close ends all that is under way.
func (c *Crowd) Close() error {
	for _, closer := range c.closers {
		_ = closer.Close() // a server has closed its listeners already
	}
	return nil
}

// SetHealthy says whether services and pages are well from now on.
func (c *Crowd) SetHealthy(healthy bool) { c.broken.Store(!healthy) }

func (c *Crowd) service(w http.ResponseWriter, r *http.Request) {
	name, isService := strings.CutPrefix(r.URL.Path, agent.BasePath+"/system/services/")
	if !isService {
		http.NotFound(w, r)
		return
	}
	envelope, err := agent.Succeed(newID(), time.Now(), describe(ServiceSpec{Name: name}, !c.broken.Load()))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	writeJSON(w, http.StatusOK, envelope)
}

func (c *Crowd) page(content string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if c.broken.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, content)
	}
}

// hold keeps every connection until its other end has gone.
func hold(l net.Listener) error {
	for {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer conn.Close()
			_, _ = io.Copy(io.Discard, conn)
		}()
	}
}
