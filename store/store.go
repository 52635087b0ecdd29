package store

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/gather"
	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// txAttempts bounds how often a transaction is run that Postgres gave up for the sake of another one.
const txAttempts = 4

// Store reads and writes the tables of Patch Manager. It is safe for concurrent use.
type Store struct {
	pool     *pgxpool.Pool
	q        *sqlgen.Queries
	auditKey fleet.AuditKey
	revoked  *gather.Rounds[string, []string]
	late     *lateHosts
}

// New returns a store on pool, which stays the caller's to close. What it changes is audited with the given key.
func New(pool *pgxpool.Pool, auditKey fleet.AuditKey) *Store {
	q := sqlgen.New(pool)
	return &Store{
		pool: pool, q: q, auditKey: auditKey,
		revoked: gather.NewRounds(maxAskedRevoked, askRevokedTimeout, q.RevokedAmong),
		late:    newLateHosts(q.LateHosts),
	}
}

// Ping asks the database for an answer; it fails with KindUnavailable while there is none.
func (s *Store) Ping(ctx context.Context) error {
	return translate(s.pool.Ping(ctx))
}

// tx runs do in one transaction and commits when it returns nil. Postgres may give a transaction up for the sake of
// another one (deadlock, serialization), or lack the partition for a row, which is made then; so do may run again and
// must have no effect besides its writes. The audit entries that do wrote are stored once it is done.
func (s *Store) tx(ctx context.Context, do func(tx pgx.Tx, q *sqlgen.Queries) error) error {
	return s.audited(ctx, func(tx *auditedTx) error { return do(tx, sqlgen.New(tx)) })
}

func (s *Store) audited(ctx context.Context, do func(tx *auditedTx) error) error {
	for attempt := 1; ; attempt++ {
		err := pgx.BeginFunc(ctx, s.pool, func(began pgx.Tx) error {
			tx := &auditedTx{Tx: began}
			if err := do(tx); err != nil {
				return err
			}
			return s.chain(ctx, tx)
		})
		if lacksPartition(err) && attempt == 1 {
			_, err = s.MakePartitions(ctx)
			if err == nil {
				continue
			}
		}
		if attempt == txAttempts || !givenUp(err) {
			return translate(err)
		}
	}
}

// newID makes the id of a new row: version 7, so that rows made together lie together in their index.
func newID() string { return uuid.Must(uuid.NewV7()).String() }
