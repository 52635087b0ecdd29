package healthtest

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"time"
)

// certificates is what a target sends to prove who it is: so many bytes of small certificates, or one as long.
type certificates struct {
	bytes int
	one   bool
}

// config is a server's configuration with certificates that no other server has.
func (c certificates) config() (*tls.Config, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		return nil, fmt.Errorf("make serial number: %w", err)
	}
	chain := tls.Certificate{PrivateKey: key}
	for size := 0; size < c.bytes; {
		template := &x509.Certificate{
			SerialNumber: serial.Add(serial, big.NewInt(1)),
			NotBefore:    time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		}
		if c.one {
			template.Subject = wideName(c.bytes)
		}
		der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
		if err != nil {
			return nil, fmt.Errorf("make certificate: %w", err)
		}
		chain.Certificate = append(chain.Certificate, der)
		size += len(der)
	}
	return &tls.Config{Certificates: []tls.Certificate{chain}, MinVersion: tls.VersionTLS12}, nil
}

// wideName is a name of many parts, which is most in memory for its bytes. A certificate has it twice.
func wideName(bytes int) pkix.Name {
	const part = 12 // bytes of one that is encoded
	var name pkix.Name
	for range bytes / part / 2 {
		name.ExtraNames = append(name.ExtraNames, pkix.AttributeTypeAndValue{Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: "a"})
	}
	return name
}
