package fleet

import (
	"strings"
	"unicode/utf8"
)

// The bounds of a password.
const (
	MinPasswordRunes = 12
	MaxPasswordBytes = 256
)

// CheckPassword holds a new password of a user to its rules. Length is what makes one strong, so nothing is asked of its
// characters (NIST SP 800-63B).
func CheckPassword(field, password, user string) error {
	switch {
	case !utf8.ValidString(password):
		return Invalid(field, "must be valid UTF-8")
	case utf8.RuneCountInString(password) < MinPasswordRunes:
		return Invalid(field, "must be at least %d characters", MinPasswordRunes)
	case len(password) > MaxPasswordBytes:
		return Invalid(field, "must be at most %d bytes", MaxPasswordBytes)
	case strings.EqualFold(password, user):
		return Invalid(field, "must not be the name of the user")
	}
	return nil
}
