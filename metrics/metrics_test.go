package metrics_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/metrics"
)

// source is a fleet that counts how often it is asked.
type source struct {
	overview fleet.CertificateOverview
	err      error
	asked    int
	now      time.Time
	ca       *time.Time
}

func (s *source) metrics() *metrics.Metrics {
	return metrics.New(metrics.Config{
		Fleet: func(context.Context) (fleet.CertificateOverview, error) {
			s.asked++
			return s.overview, s.err
		},
		Expiry: func() (ca, client *time.Time) { return s.ca, nil },
		Now:    func() time.Time { return s.now }, Version: "1.2.3",
	})
}

func text(t *testing.T, m *metrics.Metrics) string {
	t.Helper()
	b, err := m.Text(t.Context())
	require.NoError(t, err)
	return string(b)
}

func TestCertificatesAreShownByTheClassOfTheirEnd(t *testing.T) {
	t.Parallel()
	at := time.Unix(1800000000, 0)
	s := &source{now: time.Now(), ca: &at, overview: fleet.CertificateOverview{
		Expired: 1, Within7Days: 2, Within30Days: 3, Later: 4, Unknown: 5, Earliest: &at, WaitingEnrolments: 6,
	}}
	got := text(t, s.metrics())
	for _, line := range []string{
		`patch_manager_host_certificates{expiry="expired"} 1`, `patch_manager_host_certificates{expiry="within_7_days"} 2`,
		`patch_manager_host_certificates{expiry="within_30_days"} 3`, `patch_manager_host_certificates{expiry="later"} 4`,
		`patch_manager_host_certificates{expiry="unknown"} 5`, `patch_manager_enrolments_pending 6`,
		`patch_manager_host_certificate_earliest_expiry_timestamp_seconds 1.8e+09`,
		`patch_manager_ca_certificate_expiry_timestamp_seconds 1.8e+09`,
	} {
		require.Contains(t, got, "\n"+line+"\n")
	}
	require.Contains(t, got, `patch_manager_build_info{goversion="go1.`)
	require.Contains(t, got, `version="1.2.3"} 1`)
	require.Contains(t, got, "\ngo_goroutines ")
	require.Contains(t, got, "\nprocess_open_fds ")
	require.NotContains(t, got, "patch_manager_client_certificate_expiry_timestamp_seconds ", "what is not known is not shown")
}

// However large the fleet is: no series is one for a host.
func TestTheNumberOfSeriesIsFixed(t *testing.T) {
	t.Parallel()
	at := time.Unix(1800000000, 0)
	count := func(n int) int {
		s := &source{now: time.Now(), overview: fleet.CertificateOverview{Later: n, Earliest: &at, WaitingEnrolments: n}}
		return strings.Count("\n"+text(t, s.metrics()), "\npatch_manager_")
	}
	require.Equal(t, count(1), count(10000))
	require.Equal(t, 8, count(10000))
}

func TestTheDatabaseIsAskedOnceInTenSecondsHoweverOftenTheMetricsAre(t *testing.T) {
	t.Parallel()
	s := &source{now: time.Now()}
	m := s.metrics()
	for range 5 {
		text(t, m)
	}
	s.now = s.now.Add(10*time.Second - 1)
	text(t, m)
	require.Equal(t, 1, s.asked)
	s.now = s.now.Add(1)
	text(t, m)
	require.Equal(t, 2, s.asked)
}

func TestMetricsOfAFleetThatCanNotBeReadAreNone(t *testing.T) {
	t.Parallel()
	s := &source{now: time.Now()}
	m := s.metrics()
	text(t, m)
	s.now, s.err = s.now.Add(time.Minute), errors.New("away")
	_, err := m.Text(t.Context())
	require.ErrorIs(t, err, s.err)
	s.err = nil
	text(t, m)
}
