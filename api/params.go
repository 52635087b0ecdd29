package api

import (
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/patch-manager/patch-manager/fleet"
)

// parseID reads an id in its one form of writing.
func parseID(raw string) (id string, ok bool) {
	parsed, err := uuid.Parse(raw)
	return parsed.String(), err == nil && len(raw) == 36
}

// pathID reads an id from a path or a query. A malformed one becomes an id that nothing has, so that it meets the same
// refusals in the same order as any other id that does not exist.
func pathID(raw string) string {
	id, ok := parseID(raw)
	if !ok {
		return uuid.Nil.String()
	}
	return id
}

// bodyIDs reads the ids of a list in a body, each in its one form of writing.
func bodyIDs(field, noun string, raw []string) ([]string, error) {
	ids := make([]string, len(raw))
	var errs []error
	for i, r := range raw {
		id, ok := parseID(r)
		if !ok {
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

// OptionalParam is a parameter of a query that says something different by not being there. The framework only fills
// types that are exported.
type OptionalParam[T any] struct {
	Value T
	IsSet bool
}

// Schema is that of the value.
func (o OptionalParam[T]) Schema(r huma.Registry) *huma.Schema {
	return huma.SchemaFromType(r, reflect.TypeFor[T]())
}

// Receiver is where the framework puts the value.
func (o *OptionalParam[T]) Receiver() reflect.Value { return reflect.ValueOf(o).Elem().Field(0) }

// OnParamSet is told whether there was one.
func (o *OptionalParam[T]) OnParamSet(isSet bool, _ any) { o.IsSet = isSet }

// orNil is the value, nil where there was none.
func (o OptionalParam[T]) orNil() *T {
	if !o.IsSet {
		return nil
	}
	return &o.Value
}

// empty is the answer of operations that have nothing to say.
type empty struct{}
