package agenttest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// pkiLifetime is how long what NewPKI makes is valid, unless a Certificate says otherwise.
const pkiLifetime = 2 * 365 * 24 * time.Hour

// PKI is a private CA with the manager's client certificate, kept in a directory.
type PKI struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// NewPKI opens the CA in dir, or makes one where there is none: ca.pem, ca-key.pem, client.pem and client-key.pem.
func NewPKI(dir string) (*PKI, error) {
	p := &PKI{dir: dir}
	// ca.pem is written last, so where it is the others are too.
	_, err := os.Stat(p.CAFile())
	if errors.Is(err, fs.ErrNotExist) {
		err = p.create()
	} else {
		err = p.load()
	}
	if err != nil {
		return nil, fmt.Errorf("open PKI in %s: %w", dir, err)
	}
	return p, nil
}

// CAFile is what a client verifies the agents with.
func (p *PKI) CAFile() string { return filepath.Join(p.dir, "ca.pem") }

// ClientCertFile is what a client of the agents shows them.
func (p *PKI) ClientCertFile() string { return filepath.Join(p.dir, "client.pem") }

// ClientKeyFile is the key of ClientCertFile.
func (p *PKI) ClientKeyFile() string { return filepath.Join(p.dir, "client-key.pem") }

func (p *PKI) caKeyFile() string { return filepath.Join(p.dir, "ca-key.pem") }

func (p *PKI) load() error {
	pair, err := tls.LoadX509KeyPair(p.CAFile(), p.caKeyFile())
	if err != nil {
		return err
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok {
		return errors.New("the key of the CA is not an ECDSA key")
	}
	p.cert, p.key = pair.Leaf, key
	_, err = os.Stat(p.ClientKeyFile())
	return err
}

func (p *PKI) create() error {
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		return err
	}
	now := time.Now()
	template := &x509.Certificate{
		Subject:   pkix.Name{CommonName: "Patch Manager development CA"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(pkiLifetime),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	ca, err := sign(template, nil, nil)
	if err != nil {
		return err
	}
	p.cert, p.key = ca.Leaf, ca.PrivateKey.(*ecdsa.PrivateKey)
	client, err := p.Issue(Certificate{Name: "patch-manager", Client: true})
	if err != nil {
		return err
	}
	if err := write(client, p.ClientCertFile(), p.ClientKeyFile()); err != nil {
		return err
	}
	return write(ca, p.CAFile(), p.caKeyFile())
}

// Certificate says what a certificate of the CA is for.
type Certificate struct {
	Name      string // common name, and the DNS name of a server
	Client    bool
	NotBefore time.Time // zero means an hour ago
	NotAfter  time.Time // zero means in two years
}

// Issue makes a certificate.
func (p *PKI) Issue(c Certificate) (*tls.Certificate, error) {
	template := &x509.Certificate{
		Subject:   pkix.Name{CommonName: c.Name},
		NotBefore: c.NotBefore, NotAfter: c.NotAfter, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	if !c.Client {
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		template.DNSNames = []string{c.Name}
	}
	if template.NotBefore.IsZero() {
		template.NotBefore = time.Now().Add(-time.Hour)
	}
	if template.NotAfter.IsZero() {
		template.NotAfter = time.Now().Add(pkiLifetime)
	}
	return sign(template, p.cert, p.key)
}

// WriteServer issues the certificate of a real agent into files.
func (p *PKI) WriteServer(fqdn, certFile, keyFile string) error {
	cert, err := p.Issue(Certificate{Name: fqdn})
	if err != nil {
		return err
	}
	return write(cert, certFile, keyFile)
}

// pool is the authority that agents trust.
func (p *PKI) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(p.cert)
	return pool
}

// serverTLS is how agents talk, but for their certificates.
func (p *PKI) serverTLS() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: p.pool(),
		SessionTicketsDisabled: true, // the client does not resume
	}
}

// sign makes a key and a certificate for it, signed by parent or, without one, by itself.
func sign(template, parent *x509.Certificate, parentKey *ecdsa.PrivateKey) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	if parent == nil {
		parent, parentKey = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, parentKey)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, nil
}

func write(c *tls.Certificate, certFile, keyFile string) error {
	der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		return err
	}
	key := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if err := os.WriteFile(keyFile, key, 0o600); err != nil {
		return err
	}
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]})
	return os.WriteFile(certFile, cert, 0o644) //nolint:gosec // a certificate is public
}
