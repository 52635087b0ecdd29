package fleet

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// CheckText holds text that people wrote to at most limit characters of UTF-8. Control characters are refused but for
// line breaks and tabs, which only multi-line text may hold.
func CheckText(field, text string, limit int, multiline bool) error {
	if !utf8.ValidString(text) {
		return Invalid(field, "must be valid UTF-8")
	}
	if utf8.RuneCountInString(text) > limit {
		return Invalid(field, "must be at most %d characters", limit)
	}
	for _, r := range text {
		if unicode.IsControl(r) && !(multiline && strings.ContainsRune("\n\r\t", r)) {
			return Invalid(field, "must not contain control characters")
		}
	}
	return nil
}

// CheckName is CheckText for a name of one line, which must also say something.
func CheckName(field, name string, limit int) error {
	if strings.TrimSpace(name) == "" {
		return Invalid(field, "must not be empty")
	}
	if strings.TrimSpace(name) != name {
		return Invalid(field, "must not begin or end with a space")
	}
	return CheckText(field, name, limit, false)
}

// CutText is text that a stranger typed as it can be stored and shown: at most limit characters, in valid UTF-8, without
// control characters.
func CutText(text string, limit int) string {
	var cut strings.Builder
	for _, r := range text {
		if limit == 0 {
			break
		}
		if unicode.IsControl(r) {
			r = utf8.RuneError
		}
		cut.WriteRune(r)
		limit--
	}
	return cut.String()
}
