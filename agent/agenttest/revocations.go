package agenttest

import (
	"context"
	"math/big"
	"sync"

	"github.com/patch-manager/patch-manager/fleet"
)

// Revocations are the serial numbers of revoked certificates, or an error in place of an answer. It is safe for
// concurrent use; nil revokes nothing.
type Revocations struct {
	mu      sync.Mutex
	revoked map[string]bool
	err     error
}

// NothingRevoked is for tests that are not about revocation.
func NothingRevoked() *Revocations { return nil }

// Revoke revokes a certificate.
func (r *Revocations) Revoke(serial *big.Int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.revoked == nil {
		r.revoked = map[string]bool{}
	}
	r.revoked[fleet.CertificateSerial(serial)] = true
}

// Fail makes every question fail with err; nil ends that.
func (r *Revocations) Fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = err
}

// CertificateRevoked is agent.Revocations.
func (r *Revocations) CertificateRevoked(_ context.Context, serial string) (bool, error) {
	if r == nil {
		return false, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.revoked[serial], r.err
}
