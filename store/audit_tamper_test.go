package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/fleet"
	"github.com/patch-manager/patch-manager/store"
	"github.com/patch-manager/patch-manager/store/storetest"
)

const (
	tamperings    = 1000
	tamperSeed    = 20240915
	tamperedChain = 40 // entries
)

// tamperer does to the entries what somebody can who has the rights of the owner and not the key.
type tamperer struct {
	*testing.T
	*rand.Rand
	tx   pgx.Tx
	head fleet.AuditCheckpoint
}

// tampering changes the table somehow. It returns whether a checkpoint of the last entry is needed to find it.
type tampering func(*tamperer) (needsCheckpoint bool)

var kindsOfTampering = []tampering{
	(*tamperer).editField, (*tamperer).editField, (*tamperer).editField, // there are many fields
	(*tamperer).moveText, (*tamperer).remove, (*tamperer).removeAndRenumber, (*tamperer).insertCopy, (*tamperer).insertForged,
	(*tamperer).swapPlaces, (*tamperer).swapFields, (*tamperer).truncate, (*tamperer).truncateAndGoOn,
}

func TestAThousandRandomTamperingsAreFound(t *testing.T) {
	t.Parallel()
	t.Logf("seed %d", tamperSeed)
	pool := storetest.New(t)
	s := store.New(pool, storetest.AuditKey)
	random := rand.New(rand.NewPCG(tamperSeed, 0))
	for i := range tamperedChain {
		require.NoError(t, s.Audited(t.Context(), func(write func(fleet.Actor, string, any) error) error {
			return write(randomActor(random), fmt.Sprintf("act.%d", i%3), map[string]any{"n": i % 5, "text": randomText(random)})
		}))
	}
	head, err := s.AuditHead(t.Context())
	require.NoError(t, err)
	requireSound(t, s, head)
	owner := ownerWithoutTriggers(t, pool)
	original := entries(t, owner)
	for n := range tamperings {
		tamperOnce(t, owner, original, rand.New(rand.NewPCG(tamperSeed, uint64(n+1))), head, n)
	}
	require.Equal(t, original, entries(t, owner))
}

func tamperOnce(t *testing.T, owner *pgxpool.Pool, original string, random *rand.Rand, head fleet.AuditCheckpoint, n int) {
	t.Helper()
	tx, err := owner.Begin(t.Context())
	require.NoError(t, err)
	defer tx.Rollback(context.WithoutCancel(t.Context())) //nolint:errcheck // nothing is to be kept
	needsCheckpoint := kindsOfTampering[n%len(kindsOfTampering)](&tamperer{t, random, tx, head})

	var changed *string
	require.NoError(t, tx.QueryRow(t.Context(), `select string_agg(e::text, E'\n' order by seq) from audit_entries e`).Scan(&changed))
	if changed != nil {
		require.NotEqual(t, original, *changed, "tampering %d changed nothing", n)
	}
	var checkpoints []fleet.AuditCheckpoint
	if needsCheckpoint {
		checkpoints = []fleet.AuditCheckpoint{head}
	}
	report, err := store.VerifyAuditIn(t.Context(), tx, storetest.AuditKey, checkpoints...)
	require.NoError(t, err)
	require.NotEmpty(t, report.Faults, "tampering %d was not found", n)
}

func randomActor(r *rand.Rand) fleet.Actor {
	a := fleet.Actor{Name: randomText(r), RequestID: randomText(r), RemoteAddr: randomText(r)}
	if r.IntN(2) == 0 {
		a.UserID = newUUID()
	}
	return a
}

func randomText(r *rand.Rand) string {
	text := make([]rune, r.IntN(6))
	for i := range text {
		text[i] = []rune("ab\"\\:ü \n")[r.IntN(8)]
	}
	return string(text)
}

// sql carries a statement out and returns how many rows it changed.
func (m *tamperer) sql(statement string, args ...any) int64 {
	m.Helper()
	tag, err := m.tx.Exec(m.Context(), statement, args...)
	require.NoError(m, err, statement)
	return tag.RowsAffected()
}

// row is the number of a random entry from low on.
func (m *tamperer) row(low int) int { return low + m.IntN(tamperedChain-low+1) }

// Every field, as an edit of it that changes it for certain.
var edits = []string{
	`seq = seq + 1000`, `seq = -seq`, `at = at + interval '1 microsecond'`, `at = at - interval '1 day'`,
	`actor_id = gen_random_uuid()`, `actor_id = case when actor_id is null then gen_random_uuid() end`,
	`actor_name = actor_name || 'x'`, `actor_name = actor_name || ' '`, `action = action || 'x'`, `action = ''`,
	`subject_type = 'other'`, `subject_id = '2'`, `request_id = request_id || 'x'`, `remote_addr = remote_addr || E'\n'`,
	`detail = '{}'`, `detail = (detail::text || ' ')::json`, `detail = (detail::jsonb || '{"n": 77}')::json`,
	`prev_hash = set_byte(prev_hash, $2, get_byte(prev_hash, $2) # (1 << $3))`, `hash = set_byte(hash, $2, get_byte(hash, $2) # (1 << $3))`,
	`prev_hash = decode(repeat('00', 32), 'hex')`, `hash = ''`, `hash = null`, `prev_hash = null, hash = null`,
}

func (m *tamperer) editField() bool {
	edit := edits[m.IntN(len(edits))]
	args := []any{m.row(2), m.IntN(32), m.IntN(8)}
	require.EqualValues(m, 1, m.sql(`update audit_entries set `+edit+` where seq = $1 and ($2::int, $3::int) is not null`, args...))
	return false
}

// moveText moves a text over the border of two fields that stand beside each other.
func (m *tamperer) moveText() bool {
	pairs := [][2]string{{"actor_name", "action"}, {"action", "subject_type"}, {"subject_type", "subject_id"}, {"subject_id", "request_id"}}
	p := pairs[m.IntN(len(pairs))]
	statement := fmt.Sprintf(`update audit_entries set %[1]s = %[1]s || left(%[2]s, 1), %[2]s = substr(%[2]s, 2) where seq = $1 and %[2]s <> ''`, p[0], p[1])
	for m.sql(statement, m.row(1)) == 0 {
	}
	return false
}

func (m *tamperer) remove() bool {
	from := m.IntN(tamperedChain-1) + 1
	m.sql(`delete from audit_entries where seq between $1 and $2`, from, from+m.IntN(tamperedChain-from))
	return false
}

func (m *tamperer) removeAndRenumber() bool {
	gone := m.IntN(tamperedChain-1) + 1
	m.sql(`delete from audit_entries where seq = $1`, gone)
	m.sql(`update audit_entries set seq = seq - 1 where seq > $1`, gone)
	return false
}

const otherColumns = `at, actor_id, actor_name, action, subject_type, subject_id, request_id, remote_addr, detail, prev_hash, hash`

// insertCopy copies an entry: to its own place, to another one, in between others, or behind the end.
func (m *tamperer) insertCopy() bool {
	from, to := m.row(1), m.row(1)
	switch m.IntN(3) {
	case 0:
		m.sql(`update audit_entries set seq = seq + 1 where seq >= $1`, to)
		if from >= to {
			from++
		}
	case 1:
		to = tamperedChain + 1
	}
	m.sql(`insert into audit_entries select $2, `+otherColumns+` from audit_entries where seq = $1`, from, to)
	return false
}

// insertForged adds an entry that is right in everything but the key.
func (m *tamperer) insertForged() bool {
	all, err := store.AuditEntries(m.Context(), m.tx)
	require.NoError(m, err)
	forged := all[len(all)-1]
	forged.PrevHash, forged.Seq, forged.ActorName = forged.Hash, forged.Seq+1, "mallory"
	key, err := fleet.NewAuditKey(make([]byte, fleet.AuditHashSize))
	require.NoError(m, err)
	if m.IntN(2) == 0 {
		forged.Action, forged.PrevHash = fleet.ActionAuditSeal, make([]byte, fleet.AuditHashSize)
	}
	insertEntry(m.T, m.tx, forged)
	m.sql(`update audit_entries set hash = $2 where seq = $1`, forged.Seq, key.Sign(forged))
	return false
}

func (m *tamperer) swapPlaces() bool {
	a := m.row(1)
	b := a%tamperedChain + 1
	m.sql(`update audit_entries set seq = case seq when $1 then $2 else $1 end where seq in ($1, $2)`, a, b)
	return false
}

// swapFields exchanges what two entries say, and leaves their places and hashes.
func (m *tamperer) swapFields() bool {
	fields := []string{"at", "(actor_id, actor_name)", "detail", "(at, actor_id, actor_name, action, request_id, remote_addr, detail)", "hash"}
	field := fields[m.IntN(len(fields))]
	statement := fmt.Sprintf(`update audit_entries a set %[1]s = (select %[2]s from audit_entries b where b.seq = $1 + $2 - a.seq)
		where seq in ($1, $2) and exists (select from audit_entries x, audit_entries y
			where x.seq = $1 and y.seq = $2 and row(x.at, x.actor_name, x.detail::text) is distinct from row(y.at, y.actor_name, y.detail::text))`,
		field, strings.Trim(field, "()"))
	before := m.text()
	for m.text() == before {
		m.sql(statement, m.row(1), m.row(1))
	}
	return false
}

func (m *tamperer) text() string {
	var text string
	require.NoError(m, m.tx.QueryRow(m.Context(), `select string_agg(e::text, E'\n' order by seq) from audit_entries e`).Scan(&text))
	return text
}

func (m *tamperer) truncate() bool {
	m.sql(`delete from audit_entries where seq >= $1`, m.row(1))
	return true
}

// truncateAndGoOn has the application write on behind the cut, with the right key.
func (m *tamperer) truncateAndGoOn() bool {
	all, err := store.AuditEntries(m.Context(), m.tx)
	require.NoError(m, err)
	cut := m.row(2)
	m.sql(`delete from audit_entries where seq >= $1`, cut)
	last := all[cut-2]
	for range m.IntN(2 * tamperedChain) {
		next := last
		next.Seq, next.PrevHash, next.ActorName = last.Seq+1, last.Hash, "later"
		last = insertEntry(m.T, m.tx, next)
	}
	return true
}
