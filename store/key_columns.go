package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/patch-manager/patch-manager/fleet"
)

// keyColumns are the columns that may belong to a ciphertext: by their names, or because they refer to the keys. Its
// partitions are part of a table.
const keyColumns = `
select c.relname, a.attname, format_type(a.atttypid, null), not a.attnotnull, k.names
from pg_class c
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
cross join lateral (select exists (select 1 from pg_constraint f where f.contype = 'f' and f.conrelid = c.oid
    and f.confrelid = 'encryption_keys'::regclass and f.conkey = array[a.attnum]) as names) k
where c.relkind in ('r', 'p') and not c.relispartition
  and (k.names or c.relnamespace = (select relnamespace from pg_class where oid = 'encryption_keys'::regclass)
    and (a.attname like '%\_encrypted' or a.attname like '%\_nonce'))
order by c.relname, a.attname`

// SealedColumns finds every column of ciphertexts in the schema. One that does not keep the convention is an error.
func (s *Store) SealedColumns(ctx context.Context) ([]fleet.SealedColumn, error) {
	return sealedColumns(ctx, s.pool)
}

type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

func sealedColumns(ctx context.Context, db querier) ([]fleet.SealedColumn, error) {
	rows, err := db.Query(ctx, keyColumns)
	if err != nil {
		return nil, fmt.Errorf("read encrypted columns: %w", translate(err))
	}
	columns, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (c fleet.SchemaColumn, err error) {
		err = row.Scan(&c.Table, &c.Name, &c.Type, &c.Nullable, &c.NamesKey)
		return c, err
	})
	if err != nil {
		return nil, fmt.Errorf("read encrypted columns: %w", translate(err))
	}
	return fleet.SealedColumns(columns)
}

// sealedSQL writes statements over a column of ciphertexts; its rows go by the UUID columns ids.
type sealedSQL struct {
	table, ciphertext, nonce, key string
	ids                           []string
}

func newSealedSQL(c fleet.SealedColumn, ids []string) sealedSQL {
	s := sealedSQL{table: quote(c.Table), ciphertext: quote(c.Ciphertext), nonce: quote(c.Nonce), key: quote(c.KeyID)}
	for _, id := range ids {
		s.ids = append(s.ids, quote(id))
	}
	return s
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }

// page selects ciphertexts of keys below $1 (0: of all), at most $2, after the row of the ids that follow. A ciphertext
// without a key counts as one of key 0, so that it is not passed over. With each comes the text of the column url, or
// nothing where that is empty.
func (s sealedSQL) page(url string, after bool) string {
	var names []string
	for _, id := range s.ids {
		names = append(names, id+"::text")
	}
	beside := "''"
	if url != "" {
		beside = "coalesce(" + quote(url) + ", '')"
	}
	text := fmt.Sprintf(`select %s, %s::text, %s, %s, coalesce(%s, 0) from %s where %[3]s is not null and ($1::int = 0 or coalesce(%[5]s, 0) < $1)`,
		strings.Join(names, ", "), beside, s.ciphertext, s.nonce, s.key, s.table)
	if after {
		text += fmt.Sprintf(` and (%s) > (%s)`, strings.Join(s.ids, ", "), strings.Join(s.places(3), ", "))
	}
	return text + fmt.Sprintf(` order by %s limit $2`, strings.Join(s.ids, ", "))
}

// replace puts $1 to $3 where $4 to $6 are, in the row of the ids that follow.
func (s sealedSQL) replace() string {
	text := fmt.Sprintf(`update %s set %s = $1, %s = $2, %s = $3 where %[2]s = $4 and %[3]s = $5 and %[4]s = $6`,
		s.table, s.ciphertext, s.nonce, s.key)
	for i, place := range s.places(7) {
		text += fmt.Sprintf(` and %s = %s`, s.ids[i], place)
	}
	return text
}

func (s sealedSQL) discard() string {
	return fmt.Sprintf(`update %s set %s = null, %s = null, %s = null where %[2]s is not null or %[4]s is not null`,
		s.table, s.ciphertext, s.nonce, s.key)
}

func (s sealedSQL) count() string {
	return fmt.Sprintf(`select coalesce(%s, 0)::smallint, count(*) from %s where %s is not null group by 1`, s.key, s.table, s.ciphertext)
}

func (s sealedSQL) places(first int) []string {
	var places []string
	for i := range s.ids {
		places = append(places, fmt.Sprintf("$%d::uuid", first+i))
	}
	return places
}
