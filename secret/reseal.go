package secret

import (
	"context"

	"github.com/patch-manager/patch-manager/fleet"
)

// resealer encrypts anew, with the key `to`, what older keys encrypted.
type resealer struct {
	db       RotationStore
	keys     *Keyring
	to       int16
	batch    int
	replaced int64
}

// pass goes over all places once. What does not open stays, and is told once the rest is done.
func (r *resealer) pass(ctx context.Context, places []sealedPlace) error {
	var unopened Unopened
	for _, place := range places {
		err := eachBatch(ctx, r.db, place, r.to, r.batch, func(rows []fleet.SealedRow) error {
			resealed, bad := r.reseal(ctx, place, rows)
			unopened.Rows = append(unopened.Rows, bad...)
			n, err := r.db.Reseal(ctx, place.column, place.Row, resealed)
			r.replaced += n
			return err
		})
		if err != nil {
			return err
		}
	}
	if len(unopened.Rows) > 0 {
		return &unopened
	}
	return nil
}

func (r *resealer) reseal(ctx context.Context, place sealedPlace, rows []fleet.SealedRow) (resealed []fleet.Resealed, bad []string) {
	for _, row := range rows {
		plain, err := r.keys.OpenAt(ctx, place.Place, row.Sealed, Row{row.IDs, row.URL})
		if err != nil {
			bad = append(bad, place.row(row.IDs)+": "+err.Error())
			continue
		}
		sealed, err := r.keys.sealWith(ctx, r.to, place.Place, plain, Row{row.IDs, row.URL})
		if err != nil {
			bad = append(bad, place.row(row.IDs)+": "+err.Error())
			continue
		}
		resealed = append(resealed, fleet.Resealed{IDs: row.IDs, Old: row.Sealed, New: sealed})
	}
	return resealed, bad
}

// eachBatch hands out the ciphertexts of keys below an id (0: all) in the order of their rows.
func eachBatch(ctx context.Context, db Rows, place sealedPlace, below int16, size int, do func([]fleet.SealedRow) error) error {
	in := fleet.SealedRange{Column: place.column, IDs: place.Row, URL: place.URL, Below: below, Limit: size}
	for {
		rows, err := db.SealedRows(ctx, in)
		if err != nil || len(rows) == 0 {
			return err
		}
		if err := do(rows); err != nil {
			return err
		}
		in.After = rows[len(rows)-1].IDs
	}
}
