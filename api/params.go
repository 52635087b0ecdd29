package api

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/patch-manager/patch-manager/fleet"
)

// pathID reads an id from a path; a malformed one names nothing, like any other id that does not exist.
func pathID(raw, noun string) (string, error) {
	id, err := uuid.Parse(raw)
	if err != nil || len(raw) != 36 {
		return "", fleet.NotFound(noun)
	}
	return id.String(), nil
}

// bodyIDs reads the ids of a list in a body, each in its one form of writing.
func bodyIDs(field, noun string, raw []string) ([]string, error) {
	ids := make([]string, len(raw))
	var errs []error
	for i, r := range raw {
		id, err := pathID(r, noun)
		if err != nil {
			errs = append(errs, fleet.Invalid(fmt.Sprintf("%s[%d]", field, i), "unknown %s", noun))
			continue
		}
		ids[i] = id
	}
	return ids, errors.Join(errs...)
}

// utc is t as answers show it.
func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}

// or is the value behind p, or what counts where it was absent.
func or[T any](p *T, absent T) T {
	if p == nil {
		return absent
	}
	return *p
}

// empty is the answer of operations that have nothing to say.
type empty struct{}
