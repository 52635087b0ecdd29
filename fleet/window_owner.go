package fleet

// MaxWindowsPerOwner bounds the windows of one host, one group or the site, so that spans stay cheap to compute.
const MaxWindowsPerOwner = 100

// WindowOwner is what a window belongs to. ID is empty for the site.
type WindowOwner struct {
	Scope WindowScope
	ID    string
}

// Owner returns what w belongs to.
func (w Window) Owner() WindowOwner {
	return WindowOwner{Scope: w.Scope, ID: w.HostID + w.GroupID}
}

// Own makes w belong to o.
func (w *Window) Own(o WindowOwner) {
	w.Scope, w.HostID, w.GroupID = o.Scope, "", ""
	switch o.Scope {
	case ScopeHost:
		w.HostID = o.ID
	case ScopeGroup:
		w.GroupID = o.ID
	case ScopeSite:
	}
}

// WindowFilter asks for a page of an owner's windows, in the order they were made.
type WindowFilter struct {
	After string // the id that the page follows
	Limit int
}
