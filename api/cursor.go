package api

import (
	"encoding/base64"
	"encoding/json"

	"github.com/patch-manager/patch-manager/fleet"
)

// PageQuery is how every list is paged.
type PageQuery struct {
	Cursor string `query:"cursor" maxLength:"2000" doc:"next_cursor of the page before; absent: the first page"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"The most items to return"`
}

// cursor is the place a page ended at. List keeps a cursor of one list from being used on another.
type cursor[K any] struct {
	List string `json:"l"`
	Key  K      `json:"k"`
}

// readCursor reads a cursor of list into key; absent leaves key as it is.
func readCursor[K any](list, encoded string, key *K) error {
	if encoded == "" {
		return nil
	}
	var c cursor[K]
	raw, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil || json.Unmarshal(raw, &c) != nil || c.List != list {
		return errCursor
	}
	*key = c.Key
	return nil
}

var errCursor = &fleet.Error{
	Kind: fleet.KindInvalid, Code: "invalid_cursor", Field: "cursor", Message: "must be the next_cursor of a page of this list in the same order",
}

// readIDCursor is readCursor for a list in order of its ids.
func readIDCursor(list, encoded string, id *string) error {
	if err := readCursor(list, encoded, id); err != nil || encoded == "" {
		return err
	}
	if _, ok := parseID(*id); !ok {
		return errCursor
	}
	return nil
}

// writeCursor encodes the key of a page's last item; keys are structs and strings of ours, which always encode.
func writeCursor[K any](list string, key K) *string {
	raw, _ := json.Marshal(cursor[K]{List: list, Key: key})
	s := base64.RawURLEncoding.EncodeToString(raw)
	return &s
}

// cut shortens rows to limit and returns the cursor after the last one where there are more. Lists read one row more than
// asked to know.
func cut[T, K any](list string, rows []T, limit int, key func(T) K) ([]T, *string) {
	if len(rows) <= limit {
		return rows, nil
	}
	return rows[:limit], writeCursor(list, key(rows[limit-1]))
}

// convert shows each row.
func convert[T, V any](rows []T, show func(T) V) []V {
	views := make([]V, len(rows))
	for i, row := range rows {
		views[i] = show(row)
	}
	return views
}
