package secret

import (
	"context"
	"fmt"

	"github.com/patch-manager/patch-manager/fleet"
)

// SealAt encrypts a text for one row of a place; it opens there only. The ids are UUIDs, those of place.Row.
func (k *Keyring) SealAt(ctx context.Context, place Place, p Secret, ids ...string) (fleet.SealedPassword, error) {
	id, err := k.current(ctx)
	if err != nil {
		return fleet.SealedPassword{}, fmt.Errorf("seal password: %w", err)
	}
	return k.sealWith(ctx, id, place, p, ids)
}

func (k *Keyring) sealWith(ctx context.Context, id int16, place Place, p Secret, ids []string) (fleet.SealedPassword, error) {
	to, err := place.binding(id, ids)
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
func (k *Keyring) OpenAt(ctx context.Context, place Place, p fleet.SealedPassword, ids ...string) (Secret, error) {
	to, err := place.binding(p.KeyID, ids)
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

// Seal encrypts the Basic-auth password of a check.
func (k *Keyring) Seal(ctx context.Context, p Secret, checkID, hostID string) (fleet.SealedPassword, error) {
	return k.SealAt(ctx, CheckPassword, p, checkID, hostID)
}

// Open decrypts the Basic-auth password of a check.
func (k *Keyring) Open(ctx context.Context, p fleet.SealedPassword, checkID, hostID string) (Secret, error) {
	return k.OpenAt(ctx, CheckPassword, p, checkID, hostID)
}
