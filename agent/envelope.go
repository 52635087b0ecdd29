package agent

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"

	"github.com/patch-manager/patch-manager/fleet"
)

// The bounds of what an agent's error may bring into our errors, details and logs.
const (
	maxCode    = 64
	maxMessage = 300
)

var (
	requestID = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	errorCode = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)
)

// answer is a well-formed envelope: data where problem is nil.
type answer struct {
	at      time.Time
	data    json.RawMessage
	problem *fleet.AgentError
}

// parseEnvelope holds an answer to the whole contract of the envelope, its fit to the HTTP status included. What it
// refuses is malformed as a whole: half an answer is no evidence.
func parseEnvelope(status int, body []byte) (answer, error) {
	fields, err := object(body)
	if err != nil {
		return answer{}, err
	}
	var id, at string
	if json.Unmarshal(fields["request_id"], &id) != nil || !requestID.MatchString(id) {
		return answer{}, errors.New("request_id is no uuid")
	}
	if json.Unmarshal(fields["timestamp"], &at) != nil {
		return answer{}, errors.New("timestamp is missing")
	}
	a := answer{}
	if a.at, err = time.Parse(time.RFC3339Nano, at); err != nil {
		return answer{}, errors.New("timestamp is not RFC 3339")
	}
	switch string(fields["success"]) {
	case "true":
		return a, a.succeed(status, fields)
	case "false":
		return a, a.fail(status, fields)
	}
	return answer{}, errors.New("success is no boolean")
}

func (a *answer) succeed(status int, fields map[string]json.RawMessage) error {
	if status < 200 || status > 299 {
		return fmt.Errorf("success is true in an answer with status %d", status)
	}
	if !isNull(fields["error"]) {
		return errors.New("success is true beside an error")
	}
	if data := fields["data"]; len(data) == 0 || data[0] != '{' {
		return errors.New("data is no object")
	}
	a.data = fields["data"]
	return nil
}

func (a *answer) fail(status int, fields map[string]json.RawMessage) error {
	if status < 400 || status > 599 {
		return fmt.Errorf("success is false in an answer with status %d", status)
	}
	if !isNull(fields["data"]) {
		return errors.New("success is false beside data")
	}
	var e Error
	if isNull(fields["error"]) || json.Unmarshal(fields["error"], &e) != nil {
		return errors.New("error is no error object")
	}
	if len(e.Code) > maxCode || !errorCode.MatchString(e.Code) {
		return errors.New("error has no code")
	}
	a.problem = &fleet.AgentError{Status: status, Code: e.Code, Message: printable(e.Message, maxMessage)}
	return nil
}

func isNull(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

// object splits a JSON object by its exact keys. A key that comes twice is refused: which one counts would be a guess.
func object(body []byte) (map[string]json.RawMessage, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil || fields == nil {
		return nil, errors.New("not a valid JSON object, or something follows it")
	}
	if keys(body) != len(fields) {
		return nil, errors.New("a key comes twice")
	}
	return fields, nil
}

// keys counts the keys of a valid JSON object by their colons, each one as often as it comes. Reading it token by token
// takes three times as long, with five answers of every host in every sweep.
func keys(object []byte) int {
	n, depth, quoted := 0, 0, false
	for i := 0; i < len(object); i++ {
		switch c := object[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		case c == ':' && depth == 1:
			n++
		}
	}
	return n
}

// printable bounds s to n bytes and keeps line breaks and other control characters of an agent out of our sentences.
func printable(s string, n int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, fleet.Clip(s))
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}
