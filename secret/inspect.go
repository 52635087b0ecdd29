package secret

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/patch-manager/patch-manager/fleet"
)

// KeyState is what a key is for.
type KeyState string

// The states of keys. Decrypting is left by a rotation that has not ended.
const (
	KeyEncrypts  KeyState = "encrypts"
	KeyDecrypts  KeyState = "decrypts"
	KeyRotated   KeyState = "rotated"
	KeyDiscarded KeyState = "discarded"
)

// KeyStatus is what can be said of a key.
type KeyStatus struct {
	ID    int16    `json:"id"`
	State KeyState `json:"state"`
	Path  string   `json:"path"`
	// File is `ok`, `missing`, or which rule the file breaks.
	File string `json:"file"`
	// OpensCanary says that the file is the key which made the stored canary.
	OpensCanary bool `json:"opens_canary"`
	// Rows is the number of ciphertexts made with the key.
	Rows int64 `json:"rows"`
}

// KeyRecords are what the database knows of keys.
type KeyRecords interface {
	CanaryStore
	// KeyUse counts the ciphertexts of each key.
	KeyUse(ctx context.Context) (map[int16]int64, error)
}

// Status looks at every key, whatever is wrong with its file, by id. It makes none.
func Status(ctx context.Context, path string, db KeyRecords) ([]KeyStatus, error) {
	retired, err := db.RetiredKeys(ctx)
	if err != nil {
		return nil, err
	}
	stored, err := db.Canaries(ctx)
	if err != nil {
		return nil, err
	}
	use, err := db.KeyUse(ctx)
	if err != nil {
		return nil, err
	}
	keys := make([]KeyStatus, 0, len(retired)+len(stored))
	for _, r := range retired {
		keys = append(keys, look(path, r.Canary, KeyState(r.Reason), use))
	}
	for _, c := range stored {
		state := KeyDecrypts
		if c.KeyID == newest(stored).KeyID {
			state = KeyEncrypts
		}
		keys = append(keys, look(path, c, state, use))
	}
	return keys, nil
}

func look(path string, c fleet.Canary, state KeyState, use map[int16]int64) KeyStatus {
	s := KeyStatus{ID: c.KeyID, State: state, Path: keyPath(path, c.KeyID), File: "ok", Rows: use[c.KeyID]}
	key, err := readKey(s.Path)
	if errors.Is(err, fs.ErrNotExist) {
		s.File = "missing"
		return s
	}
	if err != nil {
		s.File = err.Error()
		return s
	}
	e, err := newEnvelope(key)
	s.OpensCanary = err == nil && e.made(c)
	return s
}

// Verify opens every stored ciphertext and says how many there are; an *Unopened names those that do not open. It reads
// what keys there are, and makes none.
func Verify(ctx context.Context, path string, db Rows, places []Place) (int, error) {
	columns, err := matchColumns(ctx, db, places)
	if err != nil {
		return 0, err
	}
	keys := &Keyring{path: path, canaries: db, envelopes: map[int16]envelope{}}
	total := 0
	var unopened Unopened
	for _, place := range columns {
		err := eachBatch(ctx, db, place, 0, rotationBatch, func(rows []fleet.SealedRow) error {
			total += len(rows)
			for _, row := range rows {
				if _, err := keys.OpenAt(ctx, place.Place, row.Sealed, Row{row.IDs, row.URL}); err != nil {
					unopened.Rows = append(unopened.Rows, fmt.Sprintf("%s: %s", place.row(row.IDs), err))
				}
			}
			return ctx.Err()
		})
		if err != nil {
			return total, err
		}
	}
	if len(unopened.Rows) > 0 {
		return total, &unopened
	}
	return total, nil
}

// Prepare makes the file of the key that the next rotation takes, unless it is there, so that it can be brought to every
// machine first.
func Prepare(ctx context.Context, path string, canaries CanaryStore) (string, error) {
	stored, err := canaries.Canaries(ctx)
	if err != nil {
		return "", err
	}
	if len(stored) != 1 {
		return "", fmt.Errorf("prepare key: %d keys are in use, and must be one: start once, or end the rotation that was begun", len(stored))
	}
	c, err := furtherKey(path, stored[0])
	if err != nil {
		return "", err
	}
	return keyPath(path, c.KeyID), nil
}
