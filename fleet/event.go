package fleet

import (
	"cmp"
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// EventPosition is a place in the stream of events, behind the event with this transaction and id. Id 0 is behind every
// event of earlier transactions. The zero position is before everything.
type EventPosition struct {
	XID uint64 // the transaction that wrote the event
	ID  int64  // the event; grows within a transaction
}

// String is the position as clients keep it, `xid:id`.
func (p EventPosition) String() string {
	return strconv.FormatUint(p.XID, 10) + ":" + strconv.FormatInt(p.ID, 10)
}

// Compare is the order of the stream.
func (p EventPosition) Compare(o EventPosition) int {
	return cmp.Or(cmp.Compare(p.XID, o.XID), cmp.Compare(p.ID, o.ID))
}

// ParseEventPosition reads what String writes; ok is false for anything else.
func ParseEventPosition(s string) (p EventPosition, ok bool) {
	xid, id, _ := strings.Cut(s, ":")
	var xidErr, idErr error
	p.XID, xidErr = strconv.ParseUint(xid, 10, 64)
	p.ID, idErr = strconv.ParseInt(id, 10, 64)
	if xidErr != nil || idErr != nil || p.String() != s || p.ID < 0 {
		return EventPosition{}, false
	}
	return p, true
}

// Event is a change of state, as it was written in the transaction of the change.
type Event struct {
	Position  EventPosition
	At        time.Time
	Kind      string
	SubjectID string
	GroupIDs  []string // whose members see it, as of then
	Site      bool     // everybody sees it
	Payload   json.RawMessage
}

// VisibleTo reports whether the event may be shown to whoever sees scope.
func (e Event) VisibleTo(scope Scope) bool { return e.Site || scope.Holds(e.GroupIDs) }

// EventPage is the part of the stream that follows a position.
type EventPage struct {
	Events []Event
	// Next is where to go on: all before it that may be seen is in Events or was before.
	Next EventPosition
	// More says that the page was full.
	More bool
	// Lost says that events behind the position may be gone: they were dropped, or the position is of another database.
	// Then Events is empty and Next is the end of the stream.
	Lost bool
}
