package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// SealedRows reads ciphertexts.
func (s *Store) SealedRows(ctx context.Context, in fleet.SealedRange) ([]fleet.SealedRow, error) {
	args := []any{in.Below, in.Limit}
	for _, id := range in.After {
		args = append(args, id)
	}
	rows, err := s.pool.Query(ctx, newSealedSQL(in.Column, in.IDs).page(in.URL, in.After != nil), args...)
	if err != nil {
		return nil, fmt.Errorf("read ciphertexts of %s: %w", in.Column, translate(err))
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (fleet.SealedRow, error) {
		r := fleet.SealedRow{IDs: make([]string, len(in.IDs))}
		var to []any
		for i := range r.IDs {
			to = append(to, &r.IDs[i])
		}
		err := row.Scan(append(to, &r.URL, &r.Sealed.Ciphertext, &r.Sealed.Nonce, &r.Sealed.KeyID)...)
		return r, err
	})
	if err != nil {
		return nil, fmt.Errorf("read ciphertexts of %s: %w", in.Column, translate(err))
	}
	return found, nil
}

// Reseal replaces ciphertexts in one transaction and says how many; one that changed since it was read stays as it is.
func (s *Store) Reseal(ctx context.Context, c fleet.SealedColumn, ids []string, rows []fleet.Resealed) (int64, error) {
	var replaced int64
	err := s.tx(ctx, func(tx pgx.Tx, _ *sqlgen.Queries) error {
		replaced = 0
		// For triggers: what a row means stays the same.
		if _, err := tx.Exec(ctx, `select set_config('patch_manager.resealing', 'on', true)`); err != nil {
			return err
		}
		text := newSealedSQL(c, ids).replace()
		for _, r := range rows {
			args := []any{r.New.Ciphertext, r.New.Nonce, r.New.KeyID, r.Old.Ciphertext, r.Old.Nonce, r.Old.KeyID}
			for _, id := range r.IDs {
				args = append(args, id)
			}
			tag, err := tx.Exec(ctx, text, args...)
			if err != nil {
				return err
			}
			replaced += tag.RowsAffected()
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("replace ciphertexts of %s: %w", c, err)
	}
	return replaced, nil
}

// KeyUse counts the ciphertexts of each key.
func (s *Store) KeyUse(ctx context.Context) (map[int16]int64, error) {
	columns, err := s.SealedColumns(ctx)
	if err != nil {
		return nil, err
	}
	use := map[int16]int64{}
	for _, c := range columns {
		rows, err := s.pool.Query(ctx, newSealedSQL(c, nil).count())
		if err != nil {
			return nil, fmt.Errorf("count ciphertexts of %s: %w", c, translate(err))
		}
		var key int16
		var n int64
		if _, err := pgx.ForEachRow(rows, []any{&key, &n}, func() error { use[key] += n; return nil }); err != nil {
			return nil, fmt.Errorf("count ciphertexts of %s: %w", c, translate(err))
		}
	}
	return use, nil
}
