package fleet

import (
	"errors"
	"fmt"
	"time"
)

// Kind says what an error means for whoever asked; api maps it to a status, activities to retryable or not.
type Kind string

// The kinds of errors.
const (
	KindNotFound  Kind = "not_found"
	KindConflict  Kind = "conflict"
	KindInvalid   Kind = "invalid"
	KindForbidden Kind = "forbidden"
	// KindUnauthenticated: nobody knows who asks.
	KindUnauthenticated Kind = "unauthenticated"
	KindUnavailable     Kind = "unavailable"
	KindTooMany         Kind = "too_many"
)

// Error is an error that a caller may see. Code is stable and machine-readable, Field names the input field in the
// notation of the request body (`weekdays[1]`) where one is at fault, and Message states the rule. Wait is set for
// KindTooMany alone: when the same request may pass.
type Error struct {
	Kind    Kind
	Code    string
	Field   string
	Message string
	Wait    time.Duration
}

func (e *Error) Error() string {
	if e.Field == "" {
		return e.Message
	}
	return e.Field + ": " + e.Message
}

// NotFound says that a thing does not exist or is outside the caller's scope, which must look alike.
func NotFound(noun string) error {
	return &Error{Kind: KindNotFound, Code: "not_found", Message: noun + " not found"}
}

// Invalid says that field breaks a rule.
func Invalid(field, format string, args ...any) error {
	return &Error{Kind: KindInvalid, Code: "invalid_field", Field: field, Message: fmt.Sprintf(format, args...)}
}

// Conflict says that the request does not fit the state of things.
func Conflict(code, format string, args ...any) error {
	return &Error{Kind: KindConflict, Code: code, Message: fmt.Sprintf(format, args...)}
}

// Forbidden says that the caller sees the thing but may not do this to it.
func Forbidden(code, format string, args ...any) error {
	return &Error{Kind: KindForbidden, Code: code, Message: fmt.Sprintf(format, args...)}
}

// Unavailable says that something needed is away for now; trying again later may help.
func Unavailable(code, format string, args ...any) error {
	return &Error{Kind: KindUnavailable, Code: code, Message: fmt.Sprintf(format, args...)}
}

// TooMany says that a limit on how often is reached, for as long as wait.
func TooMany(wait time.Duration) error {
	return &Error{Kind: KindTooMany, Code: ReasonTooMany, Message: "too often within a short time; try again later", Wait: wait}
}

// CodeKeyChanged is of an error about something that was encrypted with a key which is no longer used.
const CodeKeyChanged = "key_changed"

// IsCode reports whether err, or an error it wraps or joins, has a code.
func IsCode(err error, code string) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}

// IsKind reports whether err, or an error it wraps or joins, is of kind k.
func IsKind(err error, k Kind) bool {
	var e *Error
	return errors.As(err, &e) && e.Kind == k
}
