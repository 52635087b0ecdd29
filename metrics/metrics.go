package metrics

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/common/expfmt"

	"github.com/patch-manager/patch-manager/fleet"
)

// maxAge is how old what was read of the database may be, however often somebody asks.
const maxAge = 10 * time.Second

// ContentType is that of what Text returns.
const ContentType = "text/plain; version=0.0.4; charset=utf-8"

// Config says what is shown.
type Config struct {
	Fleet func(context.Context) (fleet.CertificateOverview, error)
	// Expiry is when the certificates in the files end; nil where one is missing.
	Expiry  func() (ca, client *time.Time)
	Version string
	Now     func() time.Time // nil means time.Now
}

// Metrics is safe for concurrent use.
type Metrics struct {
	cfg      Config
	registry *prometheus.Registry

	mu   sync.Mutex
	seen snapshot
}

// snapshot is what was read last.
type snapshot struct {
	at         time.Time
	fleet      fleet.CertificateOverview
	ca, client *time.Time
}

// New makes the metrics of one process.
func New(cfg Config) *Metrics {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	m := &Metrics{cfg: cfg, registry: prometheus.NewRegistry()}
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), m)
	return m
}

// Text is everything in Prometheus' text format. It fails as the reading of the fleet does.
func (m *Metrics) Text(ctx context.Context) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.read(ctx); err != nil {
		return nil, err
	}
	families, err := m.registry.Gather()
	if err != nil {
		return nil, fmt.Errorf("gather metrics: %w", err)
	}
	var text bytes.Buffer
	for _, family := range families {
		if _, err := expfmt.MetricFamilyToText(&text, family); err != nil {
			return nil, fmt.Errorf("write metrics: %w", err)
		}
	}
	return text.Bytes(), nil
}

func (m *Metrics) read(ctx context.Context) error {
	now := m.cfg.Now()
	if !m.seen.at.IsZero() && now.Sub(m.seen.at) < maxAge {
		return nil
	}
	overview, err := m.cfg.Fleet(ctx)
	if err != nil {
		return err
	}
	ca, client := m.cfg.Expiry()
	m.seen = snapshot{at: now, fleet: overview, ca: ca, client: client}
	return nil
}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("patch_manager_"+name, help, labels, nil)
}

var (
	build       = describe("build_info", "The program that runs; always 1.", "version", "goversion")
	hosts       = describe("host_certificates", "Hosts by when the certificate that their agent showed last expires.", "expiry")
	earliest    = describe("host_certificate_earliest_expiry_timestamp_seconds", "When the first certificate of a host expires.")
	authority   = describe("ca_certificate_expiry_timestamp_seconds", "When the first certificate that agents are verified with expires.")
	client      = describe("client_certificate_expiry_timestamp_seconds", "When the certificate that agents are dialled with expires.")
	enrolments  = describe("enrolments_pending", "Machines that asked for a certificate and wait for an administrator.")
	descriptors = []*prometheus.Desc{build, hosts, earliest, authority, client, enrolments}
)

// Describe is for the registry.
func (m *Metrics) Describe(to chan<- *prometheus.Desc) {
	for _, d := range descriptors {
		to <- d
	}
}

// Collect is for the registry, which Text asks while it holds the lock.
func (m *Metrics) Collect(to chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	moment := func(d *prometheus.Desc, at *time.Time) {
		if at != nil {
			gauge(d, float64(at.Unix()))
		}
	}
	f := m.seen.fleet
	gauge(build, 1, m.cfg.Version, runtime.Version())
	for class, n := range map[string]int{
		"expired": f.Expired, "within_7_days": f.Within7Days, "within_30_days": f.Within30Days, "later": f.Later, "unknown": f.Unknown,
	} {
		gauge(hosts, float64(n), class)
	}
	gauge(enrolments, float64(f.WaitingEnrolments))
	moment(earliest, f.Earliest)
	moment(authority, m.seen.ca)
	moment(client, m.seen.client)
}
