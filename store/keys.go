package store

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// byStart is who makes the first key.
var byStart = fleet.Actor{Name: "first start"}

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

// RetiredKeys returns the keys that are no longer used, by id.
func (s *Store) RetiredKeys(ctx context.Context) ([]fleet.RetiredKey, error) {
	rows, err := s.q.RetiredKeys(ctx)
	if err != nil {
		return nil, fmt.Errorf("read retired keys: %w", translate(err))
	}
	keys := make([]fleet.RetiredKey, 0, len(rows))
	for _, r := range rows {
		keys = append(keys, fleet.RetiredKey{
			Canary:    fleet.Canary{KeyID: r.ID, Ciphertext: r.Canary, Nonce: r.CanaryNonce},
			RetiredAt: r.RetiredAt, Reason: r.Reason,
		})
	}
	return keys, nil
}

// SaveCanary stores the canary of a key unless there is one, and returns the stored one: of processes that start
// together all get the canary of the first.
func (s *Store) SaveCanary(ctx context.Context, c fleet.Canary) (fleet.Canary, error) {
	var stored fleet.Canary
	err := s.tx(ctx, func(_ pgx.Tx, q *sqlgen.Queries) error {
		inserted, err := q.InsertCanary(ctx, c.KeyID, c.Ciphertext, c.Nonce)
		if err != nil {
			return err
		}
		r, err := q.Canary(ctx, c.KeyID)
		if err != nil {
			return found(err, "canary")
		}
		stored = fleet.Canary{KeyID: r.ID, Ciphertext: r.Canary, Nonce: r.CanaryNonce}
		if inserted == 0 {
			return nil
		}
		return auditKey(ctx, q, byStart, "key.create", c.KeyID, nil)
	})
	if err != nil {
		return fleet.Canary{}, fmt.Errorf("store canary of key: %w", err)
	}
	return stored, nil
}

func auditKey(ctx context.Context, q *sqlgen.Queries, by fleet.Actor, action string, id int16, detail any) error {
	return writeAudit(ctx, q, by, action, "key", strconv.Itoa(int(id)), detail)
}

// keysLock is the advisory lock of whoever changes keys; any number that nobody else uses.
const keysLock int64 = 0x706d5f6b657973

// errKeysLocked says that somebody else is at it.
var errKeysLocked = fleet.Conflict("keys_locked", "another change of the keys is under way")

// LockKeys lets one rotation go on at a time, until release is called or the connection to the database ends.
func (s *Store) LockKeys(ctx context.Context) (release func(), err error) {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("lock keys: %w", translate(err))
	}
	var locked bool
	if err := conn.QueryRow(ctx, `select pg_try_advisory_lock($1)`, keysLock).Scan(&locked); err != nil {
		conn.Release()
		return nil, fmt.Errorf("lock keys: %w", translate(err))
	}
	if !locked {
		conn.Release()
		return nil, errKeysLocked
	}
	return func() { unlockKeys(context.WithoutCancel(ctx), conn) }, nil
}

// unlockKeys gives the connection back without its lock; where that is not certain it is closed, which ends the lock too.
func unlockKeys(ctx context.Context, conn *pgxpool.Conn) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if _, err := conn.Exec(ctx, `select pg_advisory_unlock($1)`, keysLock); err != nil {
		_ = conn.Hijack().Close(ctx)
		return
	}
	conn.Release()
}

// BeginRotation stores the canary of a further key, which encrypts from then on.
func (s *Store) BeginRotation(ctx context.Context, by fleet.Actor, c fleet.Canary) error {
	err := s.tx(ctx, func(_ pgx.Tx, q *sqlgen.Queries) error {
		inserted, err := q.InsertCanary(ctx, c.KeyID, c.Ciphertext, c.Nonce)
		if err != nil {
			return err
		}
		if inserted == 0 {
			return errKeysLocked
		}
		return auditKey(ctx, q, by, "key.rotate_begin", c.KeyID, nil)
	})
	if err != nil {
		return fmt.Errorf("begin rotation of keys: %w", err)
	}
	return nil
}

// errKeyInUse gives the end of a rotation up.
var errKeyInUse = errors.New("a key is in use")

// EndRotation retires every key below id, a number of ciphertexts having been replaced. While one of the keys is still
// used nothing changes and used is true: the foreign keys hold that.
func (s *Store) EndRotation(ctx context.Context, by fleet.Actor, id int16, replaced int64) (retired []int16, used bool, err error) {
	err = s.tx(ctx, func(_ pgx.Tx, q *sqlgen.Queries) error {
		var err error
		if retired, err = q.RetireKeys(ctx, "rotated", id-1); err != nil {
			return inUse(err)
		}
		return auditKey(ctx, q, by, "key.rotate_end", id, map[string]any{"passwords": replaced, "retired": retired})
	})
	if errors.Is(err, errKeyInUse) {
		return nil, true, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("end rotation of keys: %w", err)
	}
	return retired, false, nil
}

func inUse(err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == codeForeignKey {
		return errKeyInUse
	}
	return err
}

// DiscardPasswords removes every stored password and all canaries, and says how many passwords those were. It is the
// way out of a lost key: the next start makes a new one, of another id, so that a process which still holds the lost key
// can write nothing with it.
func (s *Store) DiscardPasswords(ctx context.Context, by fleet.Actor) (int64, error) {
	var discarded int64
	err := s.tx(ctx, func(tx pgx.Tx, q *sqlgen.Queries) error {
		locked, err := q.TryLockKeys(ctx, keysLock)
		if err != nil {
			return err
		}
		if !locked {
			return errKeysLocked
		}
		if discarded, err = discardAll(ctx, tx); err != nil {
			return err
		}
		if _, err := q.RetireKeys(ctx, "discarded", math.MaxInt16); err != nil {
			return err
		}
		return writeAudit(ctx, q, by, "key.discard", "key", "", map[string]int64{"passwords": discarded})
	})
	if err != nil {
		return 0, fmt.Errorf("discard passwords: %w", err)
	}
	return discarded, nil
}

func discardAll(ctx context.Context, tx pgx.Tx) (int64, error) {
	columns, err := sealedColumns(ctx, tx)
	if err != nil {
		return 0, err
	}
	var discarded int64
	for _, c := range columns {
		tag, err := tx.Exec(ctx, newSealedSQL(c, nil).discard())
		if err != nil {
			return 0, err
		}
		discarded += tag.RowsAffected()
	}
	return discarded, nil
}
