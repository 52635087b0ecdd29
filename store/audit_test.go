package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store"
	"github.com/patch-manager/patch-manager/store/storetest"
)

var ann = fleet.Actor{UserID: "0199AAAA-bbbb-7ccc-8ddd-eeeeffff0001", Name: "ann", RequestID: "r1", RemoteAddr: "192.0.2.1"}

// act writes one entry in a transaction of its own.
func act(ctx context.Context, s *store.Store, action string) error {
	return s.Audited(ctx, func(write func(fleet.Actor, string, any) error) error { return write(ann, action, nil) })
}

func allEntries(t *testing.T, pool *pgxpool.Pool) []fleet.AuditEntry {
	t.Helper()
	all, err := store.AuditEntries(t.Context(), pool)
	require.NoError(t, err)
	return all
}

func requireSound(t *testing.T, s *store.Store, checkpoints ...fleet.AuditCheckpoint) fleet.AuditReport {
	t.Helper()
	report, err := s.VerifyAudit(t.Context(), checkpoints)
	require.NoError(t, err)
	require.Empty(t, report.Faults)
	return report
}

func TestFiftyWritersAtOnceNeitherForkTheChainNorLeaveAGap(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	// Two processes.
	stores := []*store.Store{store.New(pool, storetest.AuditKey), store.New(storetest.Open(t, pool.Config().ConnString()), storetest.AuditKey)}
	const writers, each = 50, 4
	errs := make([]error, writers)
	var writing sync.WaitGroup
	for i := range writers {
		writing.Go(func() {
			for range each {
				err := stores[i%2].Audited(t.Context(), func(write func(fleet.Actor, string, any) error) error {
					return joined(write(ann, "first", i), write(fleet.Actor{Name: "system"}, "second", nil))
				})
				errs[i] = joined(errs[i], err)
			}
		})
	}
	writing.Wait()
	require.NoError(t, joined(errs...))

	all := allEntries(t, pool)
	require.Len(t, all, writers*each*2)
	previous := fleet.AuditEntry{Hash: make([]byte, fleet.AuditHashSize)}
	for i, e := range all {
		require.EqualValues(t, i+1, e.Seq)
		require.Equal(t, previous.Hash, e.PrevHash)
		require.False(t, e.At.Before(previous.At))
		previous = e
	}
	for i := 0; i < len(all); i += 2 {
		require.Equal(t, []string{"first", "second"}, []string{all[i].Action, all[i+1].Action}, "the entries of a transaction stand together")
	}
	report := requireSound(t, stores[0])
	require.EqualValues(t, len(all), report.Entries)
}

func joined(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func TestALongTransactionDoesNotKeepOthersFromWriting(t *testing.T) {
	t.Parallel()
	s := store.New(storetest.New(t), storetest.AuditKey)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	err := s.Audited(ctx, func(write func(fleet.Actor, string, any) error) error {
		return joined(write(ann, "long", nil), act(ctx, s, "short"), write(ann, "end", nil))
	})
	require.NoError(t, err)
	require.EqualValues(t, 3, requireSound(t, s).Entries)
}

func TestATransactionThatIsRunAgainWritesItsEntriesOnce(t *testing.T) {
	t.Parallel()
	s := store.New(storetest.New(t), storetest.AuditKey)
	runs := 0
	err := s.Audited(t.Context(), func(write func(fleet.Actor, string, any) error) error {
		if err := write(ann, "act", nil); err != nil {
			return err
		}
		if runs++; runs < 3 {
			return &pgconn.PgError{Code: "40001"}
		}
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, 3, runs)
	require.EqualValues(t, 1, requireSound(t, s).Entries)
}

func TestAnEntryOutsideOfATransactionIsRefused(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	require.ErrorContains(t, store.New(pool, storetest.AuditKey).WriteAuditOutside(t.Context()), "not in a transaction")
	require.ErrorContains(t, act(t.Context(), store.New(pool, fleet.AuditKey{}), "act"), "no key")
	require.Empty(t, allEntries(t, pool))
}

func TestThereIsNoChangeWithoutItsEntry(t *testing.T) {
	t.Parallel()
	db := newRunDB(t)
	require.NoError(t, act(t.Context(), db.store, "act"))
	other, err := fleet.NewAuditKey(make([]byte, fleet.AuditHashSize))
	require.NoError(t, err)
	stranger := store.New(db.pool, other)
	require.ErrorContains(t, stranger.CheckAudit(t.Context()), "keys.audit")
	require.NoError(t, db.store.CheckAudit(t.Context()))

	_, err = stranger.CreateToken(t.Context(), ann, fleet.TokenRequest{User: "ada", Name: "laptop", Admin: true})
	require.ErrorContains(t, err, "keys.audit")
	require.Zero(t, value[int](db, `select count(*) from users`))
	require.Len(t, allEntries(t, db.pool), 1)
}

func TestTheTextsOfAnEntryAreKeptAsTheyAre(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	s := store.New(pool, storetest.AuditKey)
	err := s.Audited(t.Context(), func(write func(fleet.Actor, string, any) error) error {
		return write(fleet.Actor{Name: "ünï\"\\\n"}, "a", map[string]any{"z": 1.0, "a": "<é>", "n": nil})
	})
	require.NoError(t, err)
	//nolint:testifylint // its text, not what it means
	require.Equal(t, `{"a":"\u003cé\u003e","n":null,"z":1}`, string(allEntries(t, pool)[0].Detail))
	requireSound(t, s)
}

func TestAClockThatIsSetBackDoesNotMakeEntriesEarlier(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	s := store.New(pool, storetest.AuditKey)
	e := fleet.AuditEntry{
		Seq: 1, At: time.Now().Add(time.Hour).Truncate(time.Microsecond), ActorName: "ann", Action: "act", SubjectType: "thing",
		SubjectID: "1", Detail: []byte(`{}`), PrevHash: make([]byte, fleet.AuditHashSize),
	}
	insertEntry(t, pool, e)
	require.NoError(t, act(t.Context(), s, "later"))
	require.True(t, e.At.Equal(allEntries(t, pool)[1].At))
	requireSound(t, s)
}

// execer is a pool or a transaction.
type execer interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

// insertEntry signs an entry and puts it into the table.
func insertEntry(t *testing.T, db execer, e fleet.AuditEntry) fleet.AuditEntry {
	t.Helper()
	e.Hash = storetest.AuditKey.Sign(e)
	_, err := db.Exec(t.Context(), `insert into audit_entries values ($1, $2, nullif($3, '')::uuid, $4, $5, $6, $7, $8, $9, $10::text::json, $11, $12)`,
		e.Seq, e.At, e.ActorID, e.ActorName, e.Action, e.SubjectType, e.SubjectID, e.RequestID, e.RemoteAddr, string(e.Detail), e.PrevHash, e.Hash)
	require.NoError(t, err)
	return e
}

// beforeTheChain is a database with entries that an earlier version wrote, brought to the schema of this one.
func beforeTheChain(t *testing.T, entries int) *pgxpool.Pool {
	t.Helper()
	url := storetest.Empty(t)
	db, err := sql.Open("pgx", url)
	require.NoError(t, err)
	defer db.Close()
	require.NoError(t, store.MigrateTo(t.Context(), db, 9))
	_, err = db.ExecContext(t.Context(), fmt.Sprintf(`insert into audit_entries (actor_name, action, subject_type, subject_id, detail)
		select 'ann', 'old', 'thing', n::text, '{"b": 1, "a": 2}' from generate_series(1, %d) n`, entries))
	require.NoError(t, err)
	_, err = store.MigrateDB(t.Context(), db)
	require.NoError(t, err)
	return storetest.Open(t, url)
}

func TestEntriesFromBeforeTheChainAreSealedWhereThatIsAskedForAlone(t *testing.T) {
	t.Parallel()
	pool := beforeTheChain(t, 7)
	s := store.New(pool, storetest.AuditKey)
	require.ErrorContains(t, s.CheckAudit(t.Context()), "audit seal")
	require.ErrorContains(t, act(t.Context(), s, "new"), "audit seal")
	report, err := s.VerifyAudit(t.Context(), nil)
	require.NoError(t, err)
	require.Len(t, report.Faults, 7, "nothing vouches for them yet")
	_, err = s.SealAudit(t.Context(), fleet.Actor{Name: "root"})
	require.NoError(t, err)
	require.NoError(t, s.CheckAudit(t.Context()))

	var writing sync.WaitGroup
	errs := make([]error, 10)
	for i := range errs {
		writing.Go(func() { errs[i] = act(t.Context(), s, "new") })
	}
	writing.Wait()
	require.NoError(t, joined(errs...))
	report = requireSound(t, s)
	require.EqualValues(t, 7+1+10, report.Entries)
	require.EqualValues(t, 7, report.Sealed)
	require.Equal(t, fleet.ActionAuditSeal, allEntries(t, pool)[7].Action)

	owner := ownerWithoutTriggers(t, pool)
	for _, tampering := range []string{
		`update audit_entries set detail = '{"b":1,"a":2}' where seq = 3`,
		`update audit_entries set at = at + interval '1 microsecond' where seq = 7`,
		`update audit_entries set request_id = null where seq = 2`,
		`delete from audit_entries where seq = 1`,
		`delete from audit_entries where seq <= 7`,
		`delete from audit_entries where seq = 8`,
		`insert into audit_entries select -1, at, actor_id, actor_name, action, subject_type, subject_id, request_id, remote_addr, detail
			from audit_entries where seq = 4`,
		`insert into audit_entries select 19, at, actor_id, actor_name, action, subject_type, subject_id, request_id, remote_addr, detail
			from audit_entries where seq = 4`,
	} {
		require.NotEmpty(t, faultsAfter(t, owner, tampering), tampering)
	}
}

// A seal that nobody asked for would vouch for them, and the chain would verify.
func TestTheApplicationDoesNotGoOnBehindEntriesWhoseHashesWereTakenAway(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	s := store.New(pool, storetest.AuditKey)
	for range 3 {
		require.NoError(t, act(t.Context(), s, "act"))
	}
	_, err := ownerWithoutTriggers(t, pool).Exec(t.Context(), `update audit_entries set actor_name = 'nobody', hash = null, prev_hash = null`)
	require.NoError(t, err)
	require.ErrorContains(t, act(t.Context(), s, "act"), "audit verify")
	require.ErrorContains(t, store.New(pool, storetest.AuditKey).CheckAudit(t.Context()), "audit verify")
	report, err := s.VerifyAudit(t.Context(), nil)
	require.NoError(t, err)
	require.Len(t, report.Faults, 3)
}

// ownerWithoutTriggers is an owner who has put everything aside that could stop him.
func ownerWithoutTriggers(t *testing.T, pool *pgxpool.Pool) *pgxpool.Pool {
	t.Helper()
	owner := storetest.Owner(t, pool)
	_, err := owner.Exec(t.Context(), `alter table audit_entries disable trigger user, drop constraint audit_entries_pkey,
		drop constraint audit_entries_chained, alter seq drop not null, alter at drop not null, alter request_id drop not null,
		alter detail drop not null`)
	require.NoError(t, err)
	return owner
}

// faultsAfter is what a verification finds once a statement was carried out, which is then taken back.
func faultsAfter(t *testing.T, owner *pgxpool.Pool, statement string, checkpoints ...fleet.AuditCheckpoint) []fleet.AuditFault {
	t.Helper()
	tx, err := owner.Begin(t.Context())
	require.NoError(t, err)
	defer tx.Rollback(context.WithoutCancel(t.Context())) //nolint:errcheck // nothing is to be kept
	tag, err := tx.Exec(t.Context(), statement)
	require.NoError(t, err)
	require.NotZero(t, tag.RowsAffected())
	report, err := store.VerifyAuditIn(t.Context(), tx, storetest.AuditKey, checkpoints...)
	require.NoError(t, err)
	return report.Faults
}

func TestAnEndThatWasCutOffIsFoundWithACheckpoint(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	s := store.New(pool, storetest.AuditKey)
	head, err := s.AuditHead(t.Context())
	require.NoError(t, err)
	require.Zero(t, head.Seq)
	for range 5 {
		require.NoError(t, act(t.Context(), s, "act"))
	}
	head, err = s.AuditHead(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 5, head.Seq)
	require.Equal(t, head, requireSound(t, s, head).Head)

	owner := ownerWithoutTriggers(t, pool)
	require.Empty(t, faultsAfter(t, owner, `delete from audit_entries where seq > 3`), "without one nothing shows")
	faults := faultsAfter(t, owner, `delete from audit_entries where seq > 3`, head)
	require.Len(t, faults, 1)
	require.Contains(t, faults[0].What, "a checkpoint saw entry 5, the last one is 3")
	require.Contains(t, faultsAfter(t, owner, `delete from audit_entries`, head)[0].What, "the last one is 0")

	// The application writes on behind the cut, up to the same number.
	_, err = owner.Exec(t.Context(), `delete from audit_entries where seq > 3`)
	require.NoError(t, err)
	for range 3 {
		require.NoError(t, act(t.Context(), s, "act"))
	}
	requireSound(t, s)
	report, err := s.VerifyAudit(t.Context(), []fleet.AuditCheckpoint{head})
	require.NoError(t, err)
	require.Equal(t, []fleet.AuditFault{{Seq: 5, What: "entry 5 is not the one that a checkpoint saw"}}, report.Faults)
}

func TestASealLetsTheApplicationGoOnAndHidesNoCheckpoint(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	s := store.New(pool, storetest.AuditKey)
	for range 3 {
		require.NoError(t, act(t.Context(), s, "act"))
	}
	head, err := s.AuditHead(t.Context())
	require.NoError(t, err)
	owner := storetest.Owner(t, pool)
	_, err = owner.Exec(t.Context(), `alter table audit_entries disable trigger user`)
	require.NoError(t, err)
	_, err = owner.Exec(t.Context(), `update audit_entries set hash = prev_hash where seq = 3`)
	require.NoError(t, err)
	require.ErrorContains(t, act(t.Context(), s, "act"), "audit verify")

	sealed, err := s.SealAudit(t.Context(), fleet.Actor{Name: "root"})
	require.NoError(t, err)
	require.EqualValues(t, 4, sealed.Seq)
	require.NoError(t, act(t.Context(), s, "act"))
	report := requireSound(t, s)
	require.EqualValues(t, 3, report.Sealed)
	require.EqualValues(t, 5, report.Entries)
	seal := allEntries(t, pool)[3]
	require.Equal(t, "root", seal.ActorName)

	contradicted, err := s.VerifyAudit(t.Context(), []fleet.AuditCheckpoint{head})
	require.NoError(t, err)
	require.Len(t, contradicted.Faults, 1)
	_, err = owner.Exec(t.Context(), `update audit_entries set actor_name = 'nobody' where seq = 1`)
	require.NoError(t, err)
	report, err = s.VerifyAudit(t.Context(), nil)
	require.NoError(t, err)
	require.NotEmpty(t, report.Faults, "what it sealed may not change any more")
}
