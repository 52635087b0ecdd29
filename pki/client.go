package pki

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/patch-manager/patch-manager/keyfile"
)

// KeepClient makes the manager's certificate where there is none, and a new one for the same key once two thirds of its
// time are over; made says that it did. Whoever dials agents reads the file again when it changes. A certificate that this
// authority did not sign is left alone. Processes may call it at the same time.
func (a *Authority) KeepClient() (made bool, err error) {
	cert, err := os.ReadFile(a.cfg.ClientFile)
	if errors.Is(err, fs.ErrNotExist) {
		return a.createClient()
	}
	if err != nil {
		return false, fmt.Errorf("read the manager's certificate: %w", err)
	}
	key, err := keyfile.Read(a.cfg.ClientKey)
	if err != nil {
		return false, fmt.Errorf("the manager's certificate %s needs its key: %w", a.cfg.ClientFile, err)
	}
	return a.renewClient(cert, key)
}

func (a *Authority) createClient() (bool, error) {
	key, err := keyfile.Ensure(a.cfg.ClientKey, newKey)
	if err != nil {
		return false, fmt.Errorf("make the manager's key: %w", err)
	}
	fresh, err := a.signClient(key)
	if err != nil {
		return false, err
	}
	made, err := createOnce(a.cfg.ClientFile, fresh)
	if err != nil {
		return false, fmt.Errorf("make the manager's certificate: %w", err)
	}
	return made, nil
}

func (a *Authority) renewClient(cert, key []byte) (bool, error) {
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return false, fmt.Errorf("read the manager's certificate %s with %s: %w", a.cfg.ClientFile, a.cfg.ClientKey, err)
	}
	leaf := pair.Leaf
	if leaf.CheckSignatureFrom(a.cert) != nil || !renewalDue(leaf.NotBefore, leaf.NotAfter, a.cfg.Now()) {
		return false, nil
	}
	fresh, err := a.signClient(key)
	if err != nil {
		return false, err
	}
	if err := keyfile.Replace(a.cfg.ClientFile, fresh, 0o644); err != nil {
		return false, fmt.Errorf("renew the manager's certificate: %w", err)
	}
	return true, nil
}

// renewalDue leaves a third of the time for whatever keeps the renewal from happening.
func renewalDue(from, until, now time.Time) bool {
	return !now.Before(until.Add(-until.Sub(from) / 3))
}

// signClient keeps the key over a renewal, so that there is one file to exchange and never a certificate beside another's
// key.
func (a *Authority) signClient(key []byte) ([]byte, error) {
	signer, err := parseKey(key)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", a.cfg.ClientKey, err)
	}
	der, err := a.sign(clientTemplate(), signer.Public())
	if err != nil {
		return nil, fmt.Errorf("sign the manager's certificate: %w", err)
	}
	return encodeCert(der), nil
}
