package pki

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"time"

	"github.com/patch-manager/patch-manager/fleet"
)

// revocationListLifetime is how long agents take a list for current. They fetch it every day, but older ones only with
// their certificate.
const revocationListLifetime = 30 * 24 * time.Hour

// RevocationList signs the list of revoked certificates, in PEM. Its number is the time in microseconds, so that it grows
// without anybody counting.
func (a *Authority) RevocationList(revoked []fleet.RevokedCertificate) (string, error) {
	now := a.cfg.Now()
	list := &x509.RevocationList{Number: big.NewInt(now.UnixMicro()), ThisUpdate: now, NextUpdate: now.Add(revocationListLifetime)}
	for _, r := range revoked {
		serial, ok := new(big.Int).SetString(r.Serial, 16)
		if !ok {
			return "", fmt.Errorf("sign revocation list: serial number %q can not be read", r.Serial)
		}
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries, x509.RevocationListEntry{
			SerialNumber: serial, RevocationTime: r.RevokedAt,
		})
	}
	der, err := x509.CreateRevocationList(random, list, a.cert, a.key)
	if err != nil {
		return "", fmt.Errorf("sign revocation list: %w", err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der})), nil
}
