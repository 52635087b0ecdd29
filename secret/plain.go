package secret

import "github.com/patch-manager/patch-manager/fleet"

// Plain is a keyring for callers whose next step needs the plain text anyway: a request body that brought it, a probe
// that sends it.
type Plain struct{ Keyring *Keyring }

// Seal is Keyring.Seal of a plain text.
func (p Plain) Seal(plain, checkID, hostID string) (fleet.SealedPassword, error) {
	return p.Keyring.Seal(fleet.NewSecret(plain), checkID, hostID)
}

// Open is Keyring.Open, revealed.
func (p Plain) Open(sealed fleet.SealedPassword, checkID, hostID string) (string, error) {
	opened, err := p.Keyring.Open(sealed, checkID, hostID)
	return opened.Reveal(), err
}
