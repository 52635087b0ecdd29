package fleet

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// SealedColumn is a column of ciphertexts with the two that belong to it, by their names in the schema.
type SealedColumn struct{ Table, Ciphertext, Nonce, KeyID string }

func (c SealedColumn) String() string { return c.Table + "." + c.Ciphertext }

// SealedRow is one stored ciphertext with the ids that its row goes by, and the URL beside it where it is for one.
type SealedRow struct {
	IDs    []string
	URL    string
	Sealed SealedPassword
}

// SealedRange asks for the ciphertexts of a column in the order of the columns named IDs.
type SealedRange struct {
	Column SealedColumn
	IDs    []string
	URL    string   // the column of the URL that a ciphertext is for; empty for none
	Below  int16    // only what a key of a lower id encrypted; 0 for all
	After  []string // ids of the row to go on after; nil for the start
	Limit  int
}

// Resealed replaces a ciphertext, unless it is no longer what was read.
type Resealed struct {
	IDs      []string
	Old, New SealedPassword
}

// RetiredKey is a key that is no longer used, with its canary. Reason is `rotated` or `discarded`.
type RetiredKey struct {
	Canary
	RetiredAt time.Time
	Reason    string
}

// SchemaColumn is a column of the schema that may have to do with ciphertexts. NamesKey says that it refers to the
// keys by a foreign key.
type SchemaColumn struct {
	Table, Name, Type string
	Nullable          bool
	NamesKey          bool
}

const (
	sealedSuffix = "_encrypted"
	nonceSuffix  = "_nonce"
	keySuffix    = "_key_id"
)

// SealedColumns finds the columns of ciphertexts. The convention: `x_encrypted` lies beside `x_nonce` and `x_key_id`,
// where the last may be named after the first words of x; both others bytea, the last a foreign key to the keys, and all
// nullable, so that a lost key can be given up. Half of that is an error: what is not understood would be forgotten by a
// rotation, and lost with the old key.
func SealedColumns(columns []SchemaColumn) ([]SealedColumn, error) {
	var found []SealedColumn
	for _, c := range columns {
		stem, ok := strings.CutSuffix(c.Name, sealedSuffix)
		if !ok {
			continue
		}
		s, err := sealedColumn(c, stem, columns)
		if err != nil {
			return nil, err
		}
		found = append(found, s)
	}
	for _, c := range columns {
		n := 0
		for _, s := range found {
			if s.Table == c.Table && s.KeyID == c.Name {
				n++
			}
		}
		if c.NamesKey && n != 1 {
			return nil, fmt.Errorf("column %s.%s refers to the keys for %d columns *%s, and must for one", c.Table, c.Name, n, sealedSuffix)
		}
	}
	return found, nil
}

func sealedColumn(c SchemaColumn, stem string, all []SchemaColumn) (SealedColumn, error) {
	named := func(name string) (SchemaColumn, bool) {
		i := slices.IndexFunc(all, func(o SchemaColumn) bool { return o.Table == c.Table && o.Name == name })
		if i < 0 {
			return SchemaColumn{}, false
		}
		return all[i], true
	}
	nonce, ok := named(stem + nonceSuffix)
	if !ok || nonce.Type != "bytea" || c.Type != "bytea" {
		return SealedColumn{}, fmt.Errorf("column %s.%s: it and %s%s beside it must be of type bytea", c.Table, c.Name, stem, nonceSuffix)
	}
	for prefix := stem; prefix != ""; prefix = prefix[:max(strings.LastIndexByte(prefix, '_'), 0)] {
		key, ok := named(prefix + keySuffix)
		if !ok || !key.NamesKey {
			continue
		}
		if !c.Nullable || !nonce.Nullable || !key.Nullable {
			return SealedColumn{}, fmt.Errorf("column %s.%s, its nonce and its key must be nullable", c.Table, c.Name)
		}
		return SealedColumn{Table: c.Table, Ciphertext: c.Name, Nonce: nonce.Name, KeyID: key.Name}, nil
	}
	return SealedColumn{}, fmt.Errorf("column %s.%s: there is no %s%s beside it that refers to the keys", c.Table, c.Name, stem, keySuffix)
}
