package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/patch-manager/patch-manager/store/sqlgen"
)

// AppRole is the role that the application works as. It owns nothing, so that nothing it was not given can be taken.
const AppRole = "patch_manager_app"

// How Postgres refuses to let a session begin as AppRole.
const (
	codeNoSuchRole = "22023"
	codeNotAllowed = "42501"
)

var errNotMigrated = errors.New("the database's schema is older than this program: run `patch-manager migrate`")

// A transaction of ours waits for nothing but the database. A process that is stopped in the midst of one, as by a machine that is
// moved or swaps, would hold its locks for as long as it is, and with that of a job each dispatch of the job: Postgres ends it.
const (
	idleInTransaction    = "idle_in_transaction_session_timeout" // of Postgres; database.url may have another one
	idleInTransactionFor = "10s"
)

// Connect opens a pool whose every connection works as AppRole from its first moment, also where config names the login
// of the owner. It takes config for itself, and does not wait for the database to answer.
func Connect(ctx context.Context, config *pgxpool.Config) (*pgxpool.Pool, error) {
	// As a parameter of the session, so that resetting it leads back to the role.
	config.ConnConfig.RuntimeParams["role"] = AppRole
	if config.ConnConfig.RuntimeParams[idleInTransaction] == "" {
		config.ConnConfig.RuntimeParams[idleInTransaction] = idleInTransactionFor
	}
	config.AfterConnect = func(_ context.Context, conn *pgx.Conn) error {
		useTextForIDs(conn.TypeMap())
		return nil
	}
	dialTCP(config)
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	return pool, nil
}

// idCodec sends ids as what they are here, text. For a list of them pgx would else first fail to make bytes of them, with an
// error that quotes them all: a fifth of what storing results takes.
type idCodec struct{ pgtype.UUIDCodec }

func (idCodec) FormatSupported(format int16) bool { return format == pgtype.TextFormatCode }

func (idCodec) PreferredFormat() int16 { return pgtype.TextFormatCode }

func useTextForIDs(types *pgtype.Map) {
	id := &pgtype.Type{Name: "uuid", OID: pgtype.UUIDOID, Codec: idCodec{}}
	types.RegisterType(id)
	types.RegisterType(&pgtype.Type{Name: "_uuid", OID: pgtype.UUIDArrayOID, Codec: &pgtype.ArrayCodec{ElementType: id}})
}

// Check refuses a database that the application must not start on: one whose schema is older than this program, and one
// whose audit entries it could change. A login that could change them by leaving the role is a warning.
func Check(ctx context.Context, pool *pgxpool.Pool, log *slog.Logger) error {
	rights, err := sqlgen.New(pool).AuditRights(ctx)
	if err != nil {
		return roleRefused(pool.Config().ConnConfig.User, err)
	}
	db := stdlib.OpenDBFromPool(pool)
	defer db.Close()
	if err := CheckMigrated(ctx, db); err != nil {
		return err
	}
	if rights.CanChange {
		return fmt.Errorf("the role %s could change audit entries: take from it what it may do with the table "+
			"audit_entries besides select and insert, and its memberships in other roles", rights.Role)
	}
	if rights.LoginCanChange {
		log.Warn("the login of database.url owns the tables: only a login of its own keeps whoever holds it from changing audit entries")
	}
	return nil
}

// roleRefused says what is to be done where Postgres did not let the first session begin as AppRole.
func roleRefused(login string, err error) error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return fmt.Errorf("open database: %w", translate(err))
	}
	switch pg.Code {
	case codeNoSuchRole:
		return errNotMigrated
	case codeNotAllowed:
		return fmt.Errorf("the login of database.url may not work as %s: run `grant %s to %s` as the owner of that role",
			AppRole, AppRole, pgx.Identifier{login}.Sanitize())
	}
	return fmt.Errorf("open database: %w", translate(err))
}
