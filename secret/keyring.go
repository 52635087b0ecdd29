package secret

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"sync"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/keyfile"
)

// Secret is fleet's, so that the ports of other packages can speak of it.
type Secret = fleet.Secret

// firstKeyID is the key that the first start makes.
const firstKeyID int16 = 1

// Keyring encrypts and decrypts passwords. It is safe for concurrent use.
type Keyring struct {
	path     string
	canaries CanaryStore

	mu        sync.RWMutex
	envelopes map[int16]envelope // those of retired keys stay: a ciphertext read before still opens
}

// Open reads the keys of the installation; the first one is made where neither the file at path nor a canary exists.
// It refuses a key that is missing while a canary made with it is stored, that others may read, that has the wrong
// length, that is a symbolic link, or that did not make its canary. Processes may call it at the same time.
func Open(ctx context.Context, path string, canaries CanaryStore) (*Keyring, error) {
	keyfile.Tidy(path)
	k := &Keyring{path: path, canaries: canaries, envelopes: map[int16]envelope{}}
	stored, err := canaries.Canaries(ctx)
	if err != nil {
		return nil, fmt.Errorf("open keys: %w", err)
	}
	if len(stored) == 0 {
		return k, k.makeFirst(ctx)
	}
	return k, k.learn(stored)
}

// makeFirst makes the first key, or takes the file that is there: one that a start left which was interrupted.
func (k *Keyring) makeFirst(ctx context.Context) error {
	retired, err := k.canaries.RetiredKeys(ctx)
	if err != nil {
		return fmt.Errorf("open keys: %w", err)
	}
	id := firstKeyID
	for _, r := range retired {
		id = max(id, r.KeyID+1)
	}
	key, err := ensureKey(keyPath(k.path, id))
	if err != nil {
		return err
	}
	mine, err := newCanary(key, id)
	if err != nil {
		return err
	}
	stored, err := k.canaries.SaveCanary(ctx, mine)
	if err != nil {
		return fmt.Errorf("save canary of key: %w", err)
	}
	return k.learn([]fleet.Canary{stored})
}

// keyPath is where the key of an id lies.
func keyPath(path string, id int16) string {
	if id == firstKeyID {
		return path
	}
	return path + "." + strconv.Itoa(int(id))
}

// learn reads the keys that made canaries, as far as they are not known. It learns what it can.
func (k *Keyring) learn(stored []fleet.Canary) error {
	var errs []error
	for _, c := range stored {
		if e, ok := k.known(c.KeyID); ok && e.made(c) {
			continue
		}
		e, err := readEnvelope(k.path, c)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		k.mu.Lock()
		k.envelopes[c.KeyID] = e
		k.mu.Unlock()
	}
	return errors.Join(errs...)
}

// readEnvelope reads the key that made a canary.
func readEnvelope(path string, c fleet.Canary) (envelope, error) {
	key, err := readKey(keyPath(path, c.KeyID))
	if errors.Is(err, fs.ErrNotExist) {
		return envelope{}, fmt.Errorf("open key %d: %w, while passwords encrypted with it may be stored: "+
			"put the file back from a backup, or give the passwords up with `patch-manager keys reset --discard-passwords`", c.KeyID, err)
	}
	if err != nil {
		return envelope{}, err
	}
	e, err := newEnvelope(key)
	if err != nil {
		return envelope{}, err
	}
	if !e.made(c) {
		return envelope{}, fmt.Errorf("open key %d: %s is not the key that the stored passwords were encrypted with", c.KeyID, keyPath(path, c.KeyID))
	}
	return e, nil
}

func (k *Keyring) known(id int16) (envelope, bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	e, ok := k.envelopes[id]
	return e, ok
}

// errReset says that whoever holds these keys must start again.
var errReset = fleet.Unavailable(fleet.CodeKeyChanged, "the encryption keys were reset: start again")

// current is the key that encrypts now: a rotation may have made another one since.
func (k *Keyring) current(ctx context.Context) (int16, error) {
	stored, err := k.canaries.Canaries(ctx)
	if err != nil {
		return 0, err
	}
	if len(stored) == 0 {
		return 0, errReset
	}
	last := newest(stored)
	return last.KeyID, k.learn([]fleet.Canary{last})
}

// newest is the canary of the key that encrypts.
func newest(stored []fleet.Canary) fleet.Canary {
	last := stored[0]
	for _, c := range stored {
		if c.KeyID > last.KeyID {
			last = c
		}
	}
	return last
}

// key is the key that a stored ciphertext names, read now where it is new to this process.
func (k *Keyring) key(ctx context.Context, id int16) (envelope, error) {
	if e, ok := k.known(id); ok {
		return e, nil
	}
	c, err := k.canary(ctx, id)
	if err != nil {
		return envelope{}, err
	}
	if err := k.learn([]fleet.Canary{c}); err != nil {
		return envelope{}, err
	}
	e, _ := k.known(id)
	return e, nil
}

// canary finds the canary of a key, which may have been retired since the ciphertext was read.
func (k *Keyring) canary(ctx context.Context, id int16) (fleet.Canary, error) {
	stored, err := k.canaries.Canaries(ctx)
	retired, err2 := k.canaries.RetiredKeys(ctx)
	if errors.Join(err, err2) != nil {
		// Their texts name the database, and ours becomes the detail of a result.
		return fleet.Canary{}, fmt.Errorf("key %d is not known to this process, and the stored keys can not be read now", id)
	}
	for _, r := range retired {
		stored = append(stored, r.Canary)
	}
	i := slices.IndexFunc(stored, func(c fleet.Canary) bool { return c.KeyID == id })
	if i < 0 {
		return fleet.Canary{}, fmt.Errorf("there is no key %d", id)
	}
	return stored[i], nil
}
