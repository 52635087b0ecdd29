package secret

import (
	"context"

	"github.com/patch-manager/patch-manager/fleet"
)

// Plain is a keyring for callers whose next step needs the plain text anyway: a request body that brought it.
type Plain struct{ Keyring *Keyring }

// Seal is Keyring.Seal of a plain text.
func (p Plain) Seal(ctx context.Context, plain string, c fleet.Check) (fleet.SealedPassword, error) {
	return p.Keyring.Seal(ctx, fleet.NewSecret(plain), c)
}
