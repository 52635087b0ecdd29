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
	if _, err := os.Stat(a.cfg.ClientFile); errors.Is(err, fs.ErrNotExist) {
		return a.createClient()
	}
	return a.renewClient()
}

func (a *Authority) createClient() (bool, error) {
	key, err := keyfile.Ensure(a.cfg.ClientKey, newKey)
	if err != nil {
		return false, fmt.Errorf("make the manager's key: %w", err)
	}
	made, err := a.cfg.makeOnce(a.cfg.ClientKey, a.cfg.ClientFile, a.cfg.RecordClient, func() ([]byte, error) { return a.signClient(key) })
	if err != nil {
		return false, fmt.Errorf("make the manager's certificate: %w", err)
	}
	return made, nil
}

// renewClient looks again once it is alone at it: another process may have been first.
func (a *Authority) renewClient() (made bool, err error) {
	if due, err := a.clientDue(); err != nil || !due {
		return false, err
	}
	release, err := keyfile.Lock(a.cfg.ClientKey)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, release()) }()
	if due, err := a.clientDue(); err != nil || !due {
		return false, err
	}
	key, err := keyfile.Read(a.cfg.ClientKey)
	if err != nil {
		return false, err
	}
	err = putInForce(a.cfg.ClientFile, keyfile.Replace, a.cfg.RecordClient, func() ([]byte, error) { return a.signClient(key) })
	if err != nil {
		return false, fmt.Errorf("renew the manager's certificate: %w", err)
	}
	return true, nil
}

// clientDue reports whether the manager's certificate is one of this authority's that is to be renewed.
func (a *Authority) clientDue() (bool, error) {
	cert, err := os.ReadFile(a.cfg.ClientFile)
	if err != nil {
		return false, fmt.Errorf("read the manager's certificate: %w", err)
	}
	key, err := keyfile.Read(a.cfg.ClientKey)
	if err != nil {
		return false, fmt.Errorf("the manager's certificate %s needs its key: %w", a.cfg.ClientFile, err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return false, fmt.Errorf("read the manager's certificate %s with %s: %w", a.cfg.ClientFile, a.cfg.ClientKey, err)
	}
	leaf := pair.Leaf
	return leaf.CheckSignatureFrom(a.cert) == nil && renewalDue(leaf.NotBefore, leaf.NotAfter, a.cfg.Now()), nil
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
