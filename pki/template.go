package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/netip"
	"time"

	"github.com/patch-manager/patch-manager/fleet"
)

const (
	// authorityLifetime is that of the authority's own certificate, which hosts hold for good.
	authorityLifetime = 10 * 365 * 24 * time.Hour
	// backdate lets machines whose clocks are behind take a new certificate at once.
	backdate = time.Hour
)

var random = rand.Reader

// generate makes a key on P-256, which every TLS library of agents takes.
func generate() (*ecdsa.PrivateKey, error) { return ecdsa.GenerateKey(elliptic.P256(), random) }

func newKey() ([]byte, error) {
	key, err := generate()
	if err != nil {
		return nil, err
	}
	return encodeKey(key)
}

// newSerial is random in 128 bits, so that no number tells of another and none comes twice.
func newSerial() *big.Int {
	b := make([]byte, 16)
	for {
		_, _ = rand.Read(b) // never fails: crypto/rand ends the process instead
		if n := new(big.Int).SetBytes(b); n.Sign() > 0 {
			return n
		}
	}
}

// selfSign makes the authority's certificate. All but its number and its times follow from the key, so that one that was
// lost can be made again and what it signed stays valid.
func selfSign(key crypto.Signer, now time.Time) ([]byte, error) {
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, err
	}
	id := sha256.Sum256(public)
	template := &x509.Certificate{
		SerialNumber: newSerial(),
		Subject:      pkix.Name{CommonName: "Patch Manager CA " + hex.EncodeToString(id[:4])},
		NotBefore:    now.Add(-backdate), NotAfter: now.Add(authorityLifetime),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, SubjectKeyId: id[:20],
	}
	der, err := x509.CreateCertificate(random, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return encodeCert(der), nil
}

func hostTemplate(h fleet.HostIdentity) *x509.Certificate {
	t := &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	// A common name holds 64 characters; the names that count are the alternative ones.
	if len(h.FQDN) <= 64 {
		t.Subject.CommonName = h.FQDN
	}
	if ip, err := netip.ParseAddr(h.Address); err == nil && ip.Zone() == "" {
		t.IPAddresses = []net.IP{ip.Unmap().AsSlice()}
	}
	t.DNSNames = []string{h.FQDN}
	return t
}

func clientTemplate() *x509.Certificate {
	return &x509.Certificate{
		Subject: pkix.Name{CommonName: "patch-manager"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
}

func encodeCert(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func encodeKey(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// parseKey reads a key that was made here, or by the tools that people use.
func parseKey(content []byte) (crypto.Signer, error) {
	block, _ := pem.Decode(content)
	if block == nil {
		return nil, errors.New("it holds no key in PEM")
	}
	if key, err := x509.ParseECPrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	signer, ok := key.(crypto.Signer)
	if err != nil || !ok {
		return nil, errors.New("it holds no private key that signs")
	}
	return signer, nil
}
