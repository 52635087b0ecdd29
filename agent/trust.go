package agent

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/patch-manager/patch-manager/fleet"
)

// Revocations knows the certificates that were revoked.
type Revocations interface {
	// CertificateRevoked reports whether the certificate with this serial number (fleet.CertificateSerial) was revoked.
	CertificateRevoked(ctx context.Context, serial string) (bool, error)
}

var errRevoked = errors.New("the agent's certificate was revoked")

// trusts says what the verification of a chain and a name does not: that the certificate was not revoked. Whoever knows
// is asked each time, and no answer counts as a yes, so that a revocation holds for the very next request.
func (c *Client) trusts(ctx context.Context, leaf *x509.Certificate) error {
	revoked, err := c.cfg.Revocations.CertificateRevoked(ctx, fleet.CertificateSerial(leaf.SerialNumber))
	if err != nil {
		return fmt.Errorf("%w: %w", fleet.ErrAgentUnjudged, err)
	}
	if revoked {
		return errRevoked
	}
	return nil
}

// dropUntrusted closes the kept connection where it would not be made again: its certificate was revoked, or ran out,
// since it was made. The request goes over a new one then, whose handshake decides.
func (c *Conn) dropUntrusted(ctx context.Context) {
	c.mu.Lock()
	kept := c.kept
	c.mu.Unlock()
	if kept == nil {
		return
	}
	leaf := kept.ConnectionState().PeerCertificates[0]
	if !c.client.now().After(leaf.NotAfter) && c.client.trusts(ctx, leaf) == nil {
		return
	}
	c.reads.CloseIdleConnections()
	_ = kept.Close() // closed already, or cut
}
