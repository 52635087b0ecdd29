package pki

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/keyfile"
)

// Config says where the files are, and how long certificates are valid.
type Config struct {
	CAFile     string // PEM; the authority's own certificate may stand among others
	CAKeyFile  string // PEM; empty for no built-in authority
	ClientFile string // PEM; of the manager
	ClientKey  string // PEM
	Lifetime   time.Duration
	Now        func() time.Time // nil means time.Now
	// RecordAuthority and RecordClient write down the authority's own certificate and each of the manager's, before they
	// come into force; where one fails there is no certificate.
	RecordAuthority, RecordClient func(Own) error
}

// Authority signs certificates. It is safe for concurrent use.
type Authority struct {
	cfg  Config
	cert *x509.Certificate
	key  crypto.Signer
	// chain is every certificate of the CA file, the authority's own first.
	chain []byte
}

// Open reads the authority, or makes one where there is neither certificate nor key, and says that it did. It returns nil
// where the key is not ours to use: the site has an authority of its own. Processes may call it at the same time.
func Open(cfg Config) (a *Authority, made bool, err error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.CAKeyFile == "" {
		return nil, false, nil
	}
	_, certErr := os.Stat(cfg.CAFile)
	_, keyErr := os.Lstat(cfg.CAKeyFile)
	if certErr == nil && errors.Is(keyErr, fs.ErrNotExist) {
		return nil, false, nil
	}
	if errors.Is(certErr, fs.ErrNotExist) {
		if made, err = createAuthority(cfg); err != nil {
			return nil, false, fmt.Errorf("make certificate authority: %w", err)
		}
	}
	if a, err = load(cfg); err != nil {
		return nil, false, fmt.Errorf("open certificate authority: %w", err)
	}
	return a, made, nil
}

// createAuthority makes the key first, so that a start that was cut short in between is taken up by the next one, and
// processes that start together sign with one key.
func createAuthority(cfg Config) (made bool, err error) {
	content, err := keyfile.Ensure(cfg.CAKeyFile, newKey)
	if err != nil {
		return false, err
	}
	key, err := parseKey(content)
	if err != nil {
		return false, fmt.Errorf("%s: %w", cfg.CAKeyFile, err)
	}
	return cfg.makeOnce(cfg.CAKeyFile, cfg.CAFile, cfg.RecordAuthority, func() ([]byte, error) { return selfSign(key, cfg.Now()) })
}

func load(cfg Config) (*Authority, error) {
	certs, err := os.ReadFile(cfg.CAFile)
	if err != nil {
		return nil, err
	}
	key, err := keyfile.Read(cfg.CAKeyFile)
	if err != nil {
		return nil, err
	}
	a := &Authority{cfg: cfg}
	var others []byte
	for block, rest := pem.Decode(certs); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue // a key that was put beside its certificate must not reach hosts with the chain
		}
		one := pem.EncodeToMemory(&pem.Block{Type: block.Type, Bytes: block.Bytes})
		pair, err := tls.X509KeyPair(one, key)
		if err != nil || a.cert != nil {
			others = append(others, one...)
			continue
		}
		a.cert, a.chain = pair.Leaf, one
		a.key, _ = pair.PrivateKey.(crypto.Signer) // which every key of a pair is
	}
	if a.cert == nil {
		return nil, fmt.Errorf("no certificate in %s belongs to the key %s", cfg.CAFile, cfg.CAKeyFile)
	}
	a.chain = append(a.chain, others...)
	return a, a.check()
}

// check fails at the start rather than at the first host, where the authority can not sign what it has to.
func (a *Authority) check() error {
	if !a.cert.IsCA || a.cert.KeyUsage&x509.KeyUsageCertSign == 0 {
		return fmt.Errorf("%s: the certificate that belongs to the key may not sign others", a.cfg.CAFile)
	}
	if _, err := a.RevocationList(nil); err != nil {
		return fmt.Errorf("%s: %w", a.cfg.CAFile, err)
	}
	return nil
}

// Certificates returns the authority's certificate and its chain: that certificate and whatever stands beside it in the
// file, in PEM.
func (a *Authority) Certificates() (ca, chain string) {
	return string(encodeCert(a.cert.Raw)), string(a.chain)
}

// IssueHost makes a key for a host and a certificate that is valid as a server of its name, and of its address where that
// is an IP.
func (a *Authority) IssueHost(h fleet.HostIdentity) (fleet.IssuedCertificate, error) {
	key, err := generate()
	if err != nil {
		return fleet.IssuedCertificate{}, err
	}
	template := hostTemplate(h)
	der, err := a.sign(template, key.Public())
	if err != nil {
		return fleet.IssuedCertificate{}, fmt.Errorf("sign certificate of %s: %w", h.FQDN, err)
	}
	keyPEM, err := encodeKey(key)
	if err != nil {
		return fleet.IssuedCertificate{}, err
	}
	return fleet.IssuedCertificate{
		Serial: fleet.CertificateSerial(template.SerialNumber), NotAfter: template.NotAfter,
		Certificate: string(encodeCert(der)), Key: fleet.NewSecret(string(keyPEM)),
	}, nil
}

// minRemaining is the least time that a certificate must be worth; below it the authority itself ends too soon.
const minRemaining = 24 * time.Hour

// sign fills in what all certificates share: the number, the times and the use of the key.
func (a *Authority) sign(template *x509.Certificate, public crypto.PublicKey) ([]byte, error) {
	now := a.cfg.Now()
	template.SerialNumber = newSerial()
	template.NotBefore, template.NotAfter = now.Add(-backdate), now.Add(a.cfg.Lifetime)
	if template.NotAfter.After(a.cert.NotAfter) {
		template.NotAfter = a.cert.NotAfter
	}
	if template.NotAfter.Sub(now) < minRemaining {
		return nil, fmt.Errorf("the authority's own certificate ends on %s", a.cert.NotAfter.UTC().Format(time.DateOnly))
	}
	template.NotAfter = template.NotAfter.UTC().Truncate(time.Second)
	template.KeyUsage = x509.KeyUsageDigitalSignature
	return x509.CreateCertificate(random, template, a.cert, public, a.key)
}
