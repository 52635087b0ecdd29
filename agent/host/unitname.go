package host

import (
	"regexp"
	"strings"

	"github.com/patch-manager/patch-manager/fleet"
)

// maxUnitName is systemd's bound on unit names in bytes, the suffix included.
const maxUnitName = 255

// unitChars are the characters of systemd unit names. An instance follows an @, and a name never begins with one.
var unitChars = regexp.MustCompile(`^[A-Za-z0-9:_.\\-][A-Za-z0-9:_.\\@-]*$`)

// unitName completes a service's name to a unit's, or reports that it is none.
func unitName(name string) (string, bool) {
	unit := name
	if !fleet.HasUnitType(name) {
		unit += ".service"
	}
	stem := unit[:strings.LastIndexByte(unit, '.')]
	return unit, name != "" && stem != "" && len(unit) <= maxUnitName && unitChars.MatchString(stem)
}
