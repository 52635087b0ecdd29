package secret

import (
	"fmt"
	"strconv"

	"github.com/google/uuid"

	"github.com/patch-manager/patch-manager/fleet"
)

// Place is a column of ciphertexts, as package fleet finds them in the schema (fleet.SealedColumns), with the UUID columns
// that name its row: a ciphertext opens nowhere else. Where it is for one address, that is the origin of the column URL,
// and it opens for no other: whoever can change the row, but has no key, does not get it sent elsewhere.
type Place struct {
	Table, Column string
	Row           []string
	URL           string // a column of text; empty for none
}

// Row is what a ciphertext is bound to at its place: the ids of the row, UUIDs, and the URL beside it.
type Row struct {
	IDs []string
	URL string
}

// CheckPassword is where the Basic-auth passwords of health checks are.
var CheckPassword = Place{Table: "host_health_checks", Column: "basic_auth_pass_encrypted", Row: []string{"id", "host_id"}, URL: "url"}

// Places are all of them. A rotation refuses a column of the schema that is missing here, since it could not open what
// it finds there.
func Places() []Place { return []Place{CheckPassword} }

func (p Place) String() string { return p.Table + "." + p.Column }

// binding reads the ids, because one UUID has many spellings and the one sent to us is not the one read back; and of the URL
// its origin, so that edits which keep that keep the password.
func (p Place) binding(keyID int16, row Row) (binding, error) {
	if len(row.IDs) != len(p.Row) {
		return nil, fmt.Errorf("a row of %s goes by %d ids, not %d", p, len(p.Row), len(row.IDs))
	}
	b := binding{p.Table, p.Column, strconv.Itoa(int(keyID))}
	for i, text := range row.IDs {
		id, err := uuid.Parse(text)
		if err != nil {
			return nil, fmt.Errorf("the %s of %s must be a UUID", p.Row[i], p.Table)
		}
		b = append(b, id.String())
	}
	if p.URL != "" {
		b = append(b, fleet.Origin(row.URL))
	}
	return b, nil
}
