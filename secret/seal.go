package secret

import (
	"context"
	"fmt"

	"github.com/patch-manager/patch-manager/fleet"
)

// SealAt encrypts a text for one row of a place; it opens there only.
func (k *Keyring) SealAt(ctx context.Context, place Place, p Secret, at Row) (fleet.SealedPassword, error) {
	id, err := k.current(ctx)
	if err != nil {
		return fleet.SealedPassword{}, fmt.Errorf("seal password: %w", err)
	}
	return k.sealWith(ctx, id, place, p, at)
}

func (k *Keyring) sealWith(ctx context.Context, id int16, place Place, p Secret, at Row) (fleet.SealedPassword, error) {
	to, err := place.binding(id, at)
	if err != nil {
		return fleet.SealedPassword{}, fmt.Errorf("seal password: %w", err)
	}
	e, err := k.key(ctx, id)
	if err != nil {
		return fleet.SealedPassword{}, fmt.Errorf("seal password: %w", err)
	}
	ciphertext, nonce := e.seal([]byte(p.Reveal()), to)
	return fleet.SealedPassword{Ciphertext: ciphertext, Nonce: nonce, KeyID: id}, nil
}

// OpenAt decrypts what SealAt encrypted.
func (k *Keyring) OpenAt(ctx context.Context, place Place, p fleet.SealedPassword, at Row) (Secret, error) {
	to, err := place.binding(p.KeyID, at)
	if err != nil {
		return Secret{}, fmt.Errorf("open password: %w", err)
	}
	e, err := k.key(ctx, p.KeyID)
	if err != nil {
		return Secret{}, fmt.Errorf("open password: %w", err)
	}
	plain, err := e.open(p.Ciphertext, p.Nonce, to)
	if err != nil {
		return Secret{}, fmt.Errorf("open password: %w", err)
	}
	return fleet.NewSecret(string(plain)), nil
}

// Seal encrypts the Basic-auth password of a check, for the origin of its URL.
func (k *Keyring) Seal(ctx context.Context, p Secret, c fleet.Check) (fleet.SealedPassword, error) {
	return k.SealAt(ctx, CheckPassword, p, rowOf(c))
}

// Open decrypts the Basic-auth password of a check.
func (k *Keyring) Open(ctx context.Context, p fleet.SealedPassword, c fleet.Check) (Secret, error) {
	return k.OpenAt(ctx, CheckPassword, p, rowOf(c))
}

func rowOf(c fleet.Check) Row { return Row{IDs: []string{c.ID, c.HostID}, URL: c.URL} }
