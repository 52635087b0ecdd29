package secret

import (
	"fmt"
	"strconv"

	"github.com/google/uuid"
)

// Place is a column of ciphertexts, as package fleet finds them in the schema (fleet.SealedColumns), with the UUID columns
// that name its row: a ciphertext opens nowhere else.
type Place struct {
	Table, Column string
	Row           []string
}

// CheckPassword is where the Basic-auth passwords of health checks are.
var CheckPassword = Place{Table: "host_health_checks", Column: "basic_auth_pass_encrypted", Row: []string{"id", "host_id"}}

// Places are all of them. A rotation refuses a column of the schema that is missing here, since it could not open what
// it finds there.
func Places() []Place { return []Place{CheckPassword} }

func (p Place) String() string { return p.Table + "." + p.Column }

// binding reads the ids, because one UUID has many spellings and the one sent to us is not the one read back.
func (p Place) binding(keyID int16, ids []string) (binding, error) {
	if len(ids) != len(p.Row) {
		return nil, fmt.Errorf("a row of %s goes by %d ids, not %d", p, len(p.Row), len(ids))
	}
	b := binding{p.Table, p.Column, strconv.Itoa(int(keyID))}
	for i, text := range ids {
		id, err := uuid.Parse(text)
		if err != nil {
			return nil, fmt.Errorf("the %s of %s must be a UUID", p.Row[i], p.Table)
		}
		b = append(b, id.String())
	}
	return b, nil
}
