package secret

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io/fs"
	"strconv"

	"github.com/google/uuid"

	"github.com/patch-manager/patch-manager/fleet"
)

// Secret is fleet's, so that the ports of other packages can speak of it.
type Secret = fleet.Secret

// firstKeyID is the key that the first start makes.
const firstKeyID int16 = 1

// canaryText is what canaries hold; it is no secret.
const canaryText = "patch-manager canary"

// CanaryStore keeps the canaries in the database that holds the ciphertexts.
type CanaryStore interface {
	// Canaries returns the canary of every key in use, none before the first start.
	Canaries(ctx context.Context) ([]fleet.Canary, error)
	// SaveCanary stores a canary unless its key has one, and returns the stored one.
	SaveCanary(ctx context.Context, c fleet.Canary) (fleet.Canary, error)
}

// Keyring encrypts and decrypts passwords. It is safe for concurrent use.
type Keyring struct {
	envelopes map[int16]envelope
	current   int16
}

// Open reads the keys of the installation; the first one is made where neither the file at path nor a canary exists.
// It refuses a key that is missing while a canary made with it is stored, that others may read, that has the wrong
// length, that is a symbolic link, or that did not make its canary. Processes may call it at the same time.
func Open(ctx context.Context, path string, canaries CanaryStore) (*Keyring, error) {
	stored, err := canaries.Canaries(ctx)
	if err != nil {
		return nil, fmt.Errorf("open keys: %w", err)
	}
	if len(stored) == 0 {
		return openFirst(ctx, path, canaries)
	}
	k := &Keyring{envelopes: map[int16]envelope{}}
	for _, c := range stored {
		key, err := readKey(keyPath(path, c.KeyID))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("open key %d: %w, while passwords encrypted with it may be stored: "+
				"put the file back from a backup", c.KeyID, err)
		}
		if err != nil {
			return nil, err
		}
		if err := k.add(key, c); err != nil {
			return nil, err
		}
	}
	return k, nil
}

func openFirst(ctx context.Context, path string, canaries CanaryStore) (*Keyring, error) {
	key, err := ensureKey(path)
	if err != nil {
		return nil, err
	}
	mine, err := newCanary(key, firstKeyID)
	if err != nil {
		return nil, err
	}
	stored, err := canaries.SaveCanary(ctx, mine)
	if err != nil {
		return nil, fmt.Errorf("save canary of key: %w", err)
	}
	k := &Keyring{envelopes: map[int16]envelope{}}
	if err := k.add(key, stored); err != nil {
		return nil, err
	}
	return k, nil
}

// keyPath is where the key of an id lies.
func keyPath(path string, id int16) string {
	if id == firstKeyID {
		return path
	}
	return path + "." + strconv.Itoa(int(id))
}

func newCanary(key []byte, id int16) (fleet.Canary, error) {
	e, err := newEnvelope(key)
	if err != nil {
		return fleet.Canary{}, err
	}
	ciphertext, nonce := e.seal([]byte(canaryText), canaryBinding(id))
	return fleet.Canary{KeyID: id, Ciphertext: ciphertext, Nonce: nonce}, nil
}

// add takes a key in once it has opened its canary.
func (k *Keyring) add(key []byte, c fleet.Canary) error {
	e, err := newEnvelope(key)
	if err != nil {
		return err
	}
	text, err := e.open(c.Ciphertext, c.Nonce, canaryBinding(c.KeyID))
	if err != nil || subtle.ConstantTimeCompare(text, []byte(canaryText)) != 1 {
		return fmt.Errorf("open key %d: the file is not the key that the stored passwords were encrypted with", c.KeyID)
	}
	k.envelopes[c.KeyID] = e
	k.current = max(k.current, c.KeyID)
	return nil
}

// Seal encrypts the Basic-auth password of a check; it opens for the same check of the same host only. Both ids are
// UUIDs.
func (k *Keyring) Seal(p Secret, checkID, hostID string) (fleet.SealedPassword, error) {
	to, err := passwordBinding(k.current, checkID, hostID)
	if err != nil {
		return fleet.SealedPassword{}, fmt.Errorf("seal password: %w", err)
	}
	ciphertext, nonce := k.envelopes[k.current].seal([]byte(p.Reveal()), to)
	return fleet.SealedPassword{Ciphertext: ciphertext, Nonce: nonce, KeyID: k.current}, nil
}

// Open decrypts the Basic-auth password of a check.
func (k *Keyring) Open(p fleet.SealedPassword, checkID, hostID string) (Secret, error) {
	e, ok := k.envelopes[p.KeyID]
	if !ok {
		return Secret{}, fmt.Errorf("open password: key %d is not known to this process", p.KeyID)
	}
	to, err := passwordBinding(p.KeyID, checkID, hostID)
	if err != nil {
		return Secret{}, fmt.Errorf("open password: %w", err)
	}
	plain, err := e.open(p.Ciphertext, p.Nonce, to)
	if err != nil {
		return Secret{}, fmt.Errorf("open password: %w", err)
	}
	return fleet.NewSecret(string(plain)), nil
}

func canaryBinding(keyID int16) binding {
	return binding{"encryption_keys", "canary", strconv.Itoa(int(keyID))}
}

// passwordBinding reads the ids, because one UUID has many spellings and the one sent to us is not the one read back.
func passwordBinding(keyID int16, checkID, hostID string) (binding, error) {
	check, err := uuid.Parse(checkID)
	if err != nil {
		return nil, errors.New("the id of the check must be a UUID")
	}
	host, err := uuid.Parse(hostID)
	if err != nil {
		return nil, errors.New("the id of the host must be a UUID")
	}
	return binding{
		"host_health_checks", "basic_auth_pass_encrypted", strconv.Itoa(int(keyID)), check.String(), host.String(),
	}, nil
}
