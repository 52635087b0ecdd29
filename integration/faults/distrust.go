package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/patch-manager/patch-manager/agent/agenttest"
)

// badTLS is a way in which a host's agent is not to be spoken to, or does not speak to us.
type badTLS struct {
	name string
	// change makes it of how an agent talks, given our authority and another one.
	change func(ours, others *agenttest.PKI, fqdn string) (func(*tls.Config), error)
	says   string // by the reason that people are shown
	// late: it shows only after a request was written, as it does in TLS 1.3 where a client is refused.
	late bool
}

var badTLSs = []badTLS{
	{name: "an unknown authority", says: "unknown authority", change: func(_, others *agenttest.PKI, fqdn string) (func(*tls.Config), error) {
		return showing(others, agenttest.Certificate{Name: fqdn})
	}},
	{name: "a certificate that expired", says: "expired", change: func(ours, _ *agenttest.PKI, fqdn string) (func(*tls.Config), error) {
		return showing(ours, agenttest.Certificate{Name: fqdn, NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(-time.Hour)})
	}},
	{name: "a certificate that is not yet valid", says: "not yet valid", change: func(ours, _ *agenttest.PKI, fqdn string) (func(*tls.Config), error) {
		return showing(ours, agenttest.Certificate{Name: fqdn, NotBefore: time.Now().Add(time.Hour)})
	}},
	{name: "another host's certificate", says: "other.fault.internal", change: func(ours, _ *agenttest.PKI, _ string) (func(*tls.Config), error) {
		return showing(ours, agenttest.Certificate{Name: "other.fault.internal"})
	}},
	{name: "a client's certificate", says: "certificate", change: func(ours, _ *agenttest.PKI, fqdn string) (func(*tls.Config), error) {
		return showing(ours, agenttest.Certificate{Name: fqdn, Client: true})
	}},
	{name: "TLS 1.2 at most", says: "protocol version", change: upTo(tls.VersionTLS12)},
	{name: "TLS 1.1 at most", says: "protocol version", change: upTo(tls.VersionTLS11)},
	{name: "our certificate refused", says: "unknown certificate authority", late: true, change: func(_, others *agenttest.PKI, _ string) (func(*tls.Config), error) {
		pool, err := poolOf(others)
		return func(c *tls.Config) { c.ClientCAs = pool }, err
	}},
}

// showing has an agent show another certificate than its own.
func showing(by *agenttest.PKI, c agenttest.Certificate) (func(*tls.Config), error) {
	shown, err := by.Issue(c)
	return func(config *tls.Config) {
		config.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return shown, nil }
	}, err
}

func upTo(version uint16) func(_, _ *agenttest.PKI, _ string) (func(*tls.Config), error) {
	return func(_, _ *agenttest.PKI, _ string) (func(*tls.Config), error) {
		return func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, version }, nil
	}
}

// distrustedAt is when a host's TLS goes bad.
type distrustedAt int

const (
	forGood       distrustedAt = iota // from the beginning
	untilMended                       // from the beginning until the job waits for it
	atTheGate                         // while its job waits for something else, and for good
	beforeSending                     // between the last that the agent is asked and the request to patch, until it is mended
	whileApplying                     // until it is mended
	distrusts
)

// distrusted is a host whose TLS goes bad.
type distrusted struct {
	*host
	badTLS
	at     distrustedAt
	change func(*tls.Config)
	broken atomic.Bool
	met    atomic.Bool
}

// goBad has the agent talk badly from now on.
func (d *distrusted) goBad(s *scene) {
	d.broken.Store(true)
	d.ChangeTLS(func(c *tls.Config) {
		if !d.met.Swap(true) {
			s.met.Add(1)
		}
		d.change(c)
	})
}

// distrust has the TLS of agents go bad in every way and at every time. Nothing is ever sent to such an agent, people are told
// what it is, and a host that is mended in time is patched.
func distrust(ctx context.Context, s *scene) error {
	list, err := s.distrusted()
	if err != nil {
		return err
	}
	if err := s.beginDistrust(ctx, list); err != nil {
		return err
	}
	job, err := s.submit(ctx, s.hosts, nil)
	if err != nil {
		return err
	}
	if err := s.goBadWhileWaiting(ctx, job, list); err != nil {
		return err
	}
	if err := sleep(ctx, 7*time.Second); err != nil { // in which the gate looks again
		return err
	}
	for _, d := range list {
		if d.at != forGood && d.at != atTheGate {
			d.ChangeTLS(nil)
		}
	}
	s.awaitEnds(ctx)
	return s.expectDistrust(ctx, job, list)
}

// distrusted gives each host a way to go bad and a time for it.
func (s *scene) distrusted() ([]*distrusted, error) {
	ours, err := agenttest.NewPKI(filepath.Join(s.dir, "pki"))
	if err != nil {
		return nil, err
	}
	others, err := agenttest.NewPKI(filepath.Join(s.dir, "another-pki"))
	if err != nil {
		return nil, err
	}
	list := make([]*distrusted, len(s.hosts))
	for i, h := range s.hosts {
		d := &distrusted{host: h, badTLS: badTLSs[i%len(badTLSs)], at: distrustedAt(i / len(badTLSs))}
		if d.change, err = d.badTLS.change(ours, others, h.FQDN()); err != nil {
			return nil, fmt.Errorf("%s: %w", d.name, err)
		}
		list[i] = d
	}
	return list, nil
}

// beginDistrust has hosts be what they are at the beginning, and arms those that are to go bad at some request.
func (s *scene) beginDistrust(ctx context.Context, list []*distrusted) error {
	end := wholeMinute(time.Now().Add(75 * time.Second))
	var sick []*host
	for _, d := range list {
		switch d.at {
		case forGood: // and is found out by nothing but what the agent is asked before the intent
			if err := s.dropCheck(ctx, d.host, "service"); err != nil {
				return err
			}
			d.host.checks = []string{agenttest.WebPage}
			d.goBad(s)
		case untilMended:
			d.goBad(s)
			sick = append(sick, d.host)
		case atTheGate:
			d.SetWebHealthy(false)
			sick = append(sick, d.host)
		case beforeSending:
			d.Inject(askInfo, 1, s.goingBad(d))
		case whileApplying:
			d.PlanJobs(agenttest.JobPlan{Duration: 4 * time.Second})
			d.Inject(askJob, 1, s.goingBad(d))
		}
		if d.at == forGood || d.at == atTheGate {
			if err := s.moveWindow(ctx, d.host, end.Add(-3*time.Hour), end); err != nil {
				return err
			}
		}
	}
	return s.awaitUnhealthy(ctx, sick)
}

// goingBad answers what was asked last over a connection that is good.
func (s *scene) goingBad(d *distrusted) agenttest.Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		d.goBad(s)
		next.ServeHTTP(w, r)
	}
}

// goBadWhileWaiting has those go bad that are to while they wait at the gate, and waits for all others.
func (s *scene) goBadWhileWaiting(ctx context.Context, job string, list []*distrusted) error {
	for left := slices.Clone(list); len(left) > 0; {
		runs, err := s.runsOf(ctx, job)
		if err != nil {
			return err
		}
		waits := map[string]bool{}
		for _, r := range runs {
			waits[r.FQDN] = r.atTheGate()
		}
		left = slices.DeleteFunc(left, func(d *distrusted) bool {
			if d.at == atTheGate && waits[d.FQDN()] {
				d.goBad(s)
				d.SetWebHealthy(true)
			}
			return d.broken.Load()
		})
		if err := sleep(ctx, lookInterval); err != nil {
			return fmt.Errorf("%d hosts did not come to where their TLS is to go bad: %w", len(left), err)
		}
	}
	return nil
}

// expectDistrust holds what came of each host against what its TLS was and when.
func (s *scene) expectDistrust(ctx context.Context, job string, list []*distrusted) error {
	runs, err := s.runsOf(ctx, job)
	if err != nil {
		return err
	}
	byName := byName(runs)
	for _, d := range list {
		r := byName[d.FQDN()]
		s.expect(d.met.Load(), "nobody met %s of %s", d.name, d.FQDN())
		switch {
		case d.at == forGood || d.at == atTheGate:
			s.expectRun(d.host, d.name, r, "failed", 0, 0)
			s.expect(strings.Contains(r.Detail, d.says), "%s does not say %q of %s: %s", d.FQDN(), d.says, d.name, r.Detail)
		case d.at == beforeSending && d.late:
			s.expectRun(d.host, d.name, r, "indeterminate", 0, 0)
		default:
			s.expectRun(d.host, d.name, r, "succeeded", 1, 1)
		}
	}
	return nil
}

// poolOf is the authority of a PKI.
func poolOf(p *agenttest.PKI) (*x509.CertPool, error) {
	pem, err := os.ReadFile(p.CAFile())
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	return pool, err
}
