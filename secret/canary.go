package secret

import (
	"context"
	"crypto/subtle"
	"strconv"

	"github.com/patch-manager/patch-manager/fleet"
)

// canaryText is what canaries hold; it is no secret.
const canaryText = "patch-manager canary"

// CanaryStore keeps the canaries in the database that holds the ciphertexts.
type CanaryStore interface {
	// Canaries returns the canary of every key in use, none before the first start.
	Canaries(ctx context.Context) ([]fleet.Canary, error)
	// RetiredKeys returns the keys that were in use once.
	RetiredKeys(ctx context.Context) ([]fleet.RetiredKey, error)
	// SaveCanary stores a canary unless its key has one, and returns the stored one.
	SaveCanary(ctx context.Context, c fleet.Canary) (fleet.Canary, error)
}

func newCanary(key []byte, id int16) (fleet.Canary, error) {
	e, err := newEnvelope(key)
	if err != nil {
		return fleet.Canary{}, err
	}
	ciphertext, nonce := e.seal([]byte(canaryText), canaryBinding(id))
	return fleet.Canary{KeyID: id, Ciphertext: ciphertext, Nonce: nonce}, nil
}

func canaryBinding(keyID int16) binding {
	return binding{"encryption_keys", "canary", strconv.Itoa(int(keyID))}
}

// made reports whether the key of e made a canary.
func (e envelope) made(c fleet.Canary) bool {
	text, err := e.open(c.Ciphertext, c.Nonce, canaryBinding(c.KeyID))
	return err == nil && subtle.ConstantTimeCompare(text, []byte(canaryText)) == 1
}
