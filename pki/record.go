package pki

import (
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

// Own is a certificate that the authority made for this installation itself: its own, or the manager's.
type Own struct {
	Serial   string
	NotAfter time.Time
}

// makeOnce makes the certificate file of a key where there is none, of processes that start together in one.
func (c Config) makeOnce(keyPath, path string, record func(Own) error, sign func() ([]byte, error)) (made bool, err error) {
	release, err := keyfile.Lock(keyPath)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, release()) }()
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	return true, putInForce(path, keyfile.Create, record, sign)
}

// putInForce records a certificate and then puts its file into place. There is no transaction over a database and a file,
// so the record is first and committed: where it can not be written there is no certificate, and a process that ends in
// between leaves the record of a serial number that nobody ever sees.
func putInForce(
	path string, place func(path string, content []byte, mode fs.FileMode) error, record func(Own) error, sign func() ([]byte, error),
) error {
	cert, err := sign()
	if err != nil {
		return err
	}
	block, _ := pem.Decode(cert)
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return err
	}
	if err := record(Own{Serial: fleet.CertificateSerial(leaf.SerialNumber), NotAfter: leaf.NotAfter}); err != nil {
		return fmt.Errorf("record certificate %s before it comes into force: %w", path, err)
	}
	return place(path, cert, 0o644)
}
