package fleet

import (
	"errors"
	"time"
)

// The bounds of what is sent of a group.
const (
	MaxGroupName        = 100
	MaxGroupDescription = 2000
)

// Group is the unit of permission: hosts and users belong to any number of groups.
type Group struct {
	ID          string
	Name        string
	Description string
	HostCount   int
	UserCount   int
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// Validate returns every broken rule of what is sent of a group, joined.
func (g Group) Validate() error {
	return errors.Join(
		CheckName("name", g.Name, MaxGroupName),
		CheckText("description", g.Description, MaxGroupDescription, true),
	)
}

// GroupFilter narrows a list of groups; zero fields do not.
type GroupFilter struct {
	Text  string // part of the name
	After string // the name that the page follows
	Limit int
}
