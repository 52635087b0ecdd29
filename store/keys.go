package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// Canaries returns the canary of every key that passwords may be encrypted with, by key id.
func (s *Store) Canaries(ctx context.Context) ([]fleet.Canary, error) {
	rows, err := s.q.Canaries(ctx)
	if err != nil {
		return nil, fmt.Errorf("read canaries of keys: %w", translate(err))
	}
	canaries := make([]fleet.Canary, 0, len(rows))
	for _, r := range rows {
		canaries = append(canaries, fleet.Canary{KeyID: r.ID, Ciphertext: r.Canary, Nonce: r.CanaryNonce})
	}
	return canaries, nil
}

// SaveCanary stores the canary of a key unless there is one, and returns the stored one: of processes that start
// together all get the canary of the first.
func (s *Store) SaveCanary(ctx context.Context, c fleet.Canary) (fleet.Canary, error) {
	if err := s.q.InsertCanary(ctx, c.KeyID, c.Ciphertext, c.Nonce); err != nil {
		return fleet.Canary{}, fmt.Errorf("store canary of key: %w", translate(err))
	}
	r, err := s.q.Canary(ctx, c.KeyID)
	if err != nil {
		return fleet.Canary{}, fmt.Errorf("read canary of key: %w", found(err, "canary"))
	}
	return fleet.Canary{KeyID: r.ID, Ciphertext: r.Canary, Nonce: r.CanaryNonce}, nil
}

// DiscardPasswords removes every stored password and all canaries, and says how many passwords those were. It is the
// way out of a lost key: the next start makes a new one. No process that still holds the lost key may run meanwhile.
func (s *Store) DiscardPasswords(ctx context.Context, by fleet.Actor) (int64, error) {
	var discarded int64
	err := s.tx(ctx, func(_ pgx.Tx, q *sqlgen.Queries) error {
		var err error
		if discarded, err = q.DiscardPasswords(ctx); err != nil {
			return err
		}
		if err = q.DeleteCanaries(ctx); err != nil {
			return err
		}
		return writeAudit(ctx, q, by, "key.discard", "key", "", map[string]int64{"passwords": discarded})
	})
	if err != nil {
		return 0, fmt.Errorf("discard passwords: %w", err)
	}
	return discarded, nil
}
