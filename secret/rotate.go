package secret

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/patch-manager/patch-manager/fleet"
)

// What a rotation reads at a time, and how often it goes over everything while others still write with an old key.
const (
	rotationBatch  = 200
	rotationPasses = 100
)

// Rows are the ciphertexts of the database.
type Rows interface {
	CanaryStore
	SealedColumns(ctx context.Context) ([]fleet.SealedColumn, error)
	SealedRows(ctx context.Context, in fleet.SealedRange) ([]fleet.SealedRow, error)
}

// RotationStore is what a rotation does in the database; each call is one transaction with its audit entry.
type RotationStore interface {
	Rows
	// LockKeys fails while another rotation goes on.
	LockKeys(ctx context.Context) (release func(), err error)
	BeginRotation(ctx context.Context, by fleet.Actor, c fleet.Canary) error
	// Reseal leaves a ciphertext that is no longer what was read as it is.
	Reseal(ctx context.Context, c fleet.SealedColumn, ids []string, rows []fleet.Resealed) (int64, error)
	// EndRotation retires the keys below id, unless one is still used.
	EndRotation(ctx context.Context, by fleet.Actor, id int16, replaced int64) (retired []int16, used bool, err error)
}

// Rotation says what to rotate.
type Rotation struct {
	Path   string
	Places []Place
	By     fleet.Actor
	Batch  int // 0 means rotationBatch
}

// Rotated is what a rotation did.
type Rotated struct {
	KeyID    int16   // which encrypts now
	Resumed  bool    // it went on with one that was interrupted
	Replaced int64   // ciphertexts
	Retired  []int16 // keys that are no longer used
}

// Rotate makes a further key, encrypts every password with it and retires the older ones; their files stay, for databases
// that are restored from before. Where an earlier rotation was interrupted it goes on with that one instead. It may be
// interrupted at any moment, and other processes go on reading and writing meanwhile: the new key is stored before anything
// is encrypted with it, a password that is edited at the same time wins, and an old key goes once nothing names it.
func Rotate(ctx context.Context, db RotationStore, r Rotation) (Rotated, error) {
	release, err := db.LockKeys(ctx)
	if err != nil {
		return Rotated{}, err
	}
	defer release()
	columns, err := matchColumns(ctx, db, r.Places)
	if err != nil {
		return Rotated{}, err
	}
	keys, err := Open(ctx, r.Path, db)
	if err != nil {
		return Rotated{}, err
	}
	done := Rotated{}
	if done.KeyID, done.Resumed, err = nextKey(ctx, db, r); err != nil {
		return Rotated{}, err
	}
	reseal := resealer{db: db, keys: keys, to: done.KeyID, batch: r.Batch}
	if reseal.batch == 0 {
		reseal.batch = rotationBatch
	}
	for range rotationPasses {
		if err := reseal.pass(ctx, columns); err != nil {
			return Rotated{}, err
		}
		var used bool
		done.Replaced = reseal.replaced
		done.Retired, used, err = db.EndRotation(ctx, r.By, done.KeyID, done.Replaced)
		if err != nil || !used {
			return done, err
		}
	}
	return Rotated{}, fmt.Errorf("rotate keys: something still encrypts with a key below %d: "+
		"is there a process of an older version?", done.KeyID)
}

// sealedPlace is a place with its columns in the schema.
type sealedPlace struct {
	Place
	column fleet.SealedColumn
}

// matchColumns finds the place of each column of ciphertexts in the schema. It refuses to go on without one: what a
// rotation passed over would be lost with the old key.
func matchColumns(ctx context.Context, db Rows, places []Place) ([]sealedPlace, error) {
	columns, err := db.SealedColumns(ctx)
	if err != nil {
		return nil, err
	}
	matched := make([]sealedPlace, 0, len(columns))
	for _, c := range columns {
		i := slices.IndexFunc(places, func(p Place) bool { return p.Table == c.Table && p.Column == c.Ciphertext })
		if i < 0 {
			return nil, fmt.Errorf("what the ciphertexts of %s are bound to is not known to this program: "+
				"is it older than the database's schema?", c)
		}
		matched = append(matched, sealedPlace{places[i], c})
	}
	return matched, nil
}

// nextKey is the key to encrypt with: the newest one where an older one is left of a rotation that was interrupted, and
// otherwise a further one.
func nextKey(ctx context.Context, db RotationStore, r Rotation) (id int16, resumed bool, err error) {
	stored, err := db.Canaries(ctx)
	if err != nil {
		return 0, false, err
	}
	last := newest(stored)
	if len(stored) > 1 {
		return last.KeyID, true, nil
	}
	if last.KeyID == math.MaxInt16 {
		return 0, false, errors.New("rotate keys: there are no more ids for keys")
	}
	c, err := furtherKey(r.Path, last)
	if err != nil {
		return 0, false, err
	}
	return c.KeyID, false, db.BeginRotation(ctx, r.By, c)
}

// furtherKey makes the key after last and its canary. A file that is already there is taken, so that it can be brought
// to every machine first.
func furtherKey(path string, last fleet.Canary) (fleet.Canary, error) {
	id := last.KeyID + 1
	key, err := ensureKey(keyPath(path, id))
	if err != nil {
		return fleet.Canary{}, err
	}
	e, err := newEnvelope(key)
	if err != nil {
		return fleet.Canary{}, err
	}
	if e.made(last) {
		return fleet.Canary{}, fmt.Errorf("%s is a copy of key %d, and must be a key of its own", keyPath(path, id), last.KeyID)
	}
	return newCanary(key, id)
}

// Unopened is an error that names rows whose ciphertexts do not open.
type Unopened struct{ Rows []string }

func (u *Unopened) Error() string {
	return fmt.Sprintf("%d passwords do not open, send them again or clear them: %s", len(u.Rows), strings.Join(u.Rows, "; "))
}

// row names a row by its place and ids, which is all that may be said of it.
func (p Place) row(ids []string) string {
	text := p.String()
	for i, id := range ids {
		text += " " + p.Row[i] + "=" + id
	}
	return text
}
