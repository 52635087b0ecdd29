package fleet

import "time"

// ZonePresence is what is known of the workers that reach the hosts of a zone.
type ZonePresence struct {
	// Workers are those that serve it now.
	Workers int
	// LastSeenAt is when a worker of it was last there; nil where none has been for as long as that is kept.
	LastSeenAt *time.Time
}

// Served reports whether anybody checks and patches the hosts of the zone.
func (p ZonePresence) Served() bool { return p.Workers > 0 }

// UnservedSince is when the last worker was there; nil while there is one, and where that is not known.
func (p ZonePresence) UnservedSince() *time.Time {
	if p.Served() {
		return nil
	}
	return p.LastSeenAt
}

// Zone is a zone and who serves it.
type Zone struct {
	Name string
	ZonePresence
}

// ZoneView is a zone with the number of its hosts that a caller sees.
type ZoneView struct {
	Zone
	Hosts int
}

// ZoneFilter narrows a list of zones, in order of their names.
type ZoneFilter struct {
	After string
	Limit int
}
