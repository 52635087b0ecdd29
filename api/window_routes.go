package api

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/patch-manager/patch-manager/fleet"
)

// windowRoutes is where the windows of one kind of owner lie. The operations are the same for each.
type windowRoutes struct {
	scope fleet.WindowScope
	path  string // of the collection
	name  string // in operation ids
	of    string // in summaries
}

var allWindowRoutes = []windowRoutes{
	{fleet.ScopeHost, "/hosts/{id}/maintenance-windows", "Host", "of a host"},
	{fleet.ScopeGroup, "/groups/{id}/maintenance-windows", "Group", "of a group"},
}

// The site has no id in its paths, so that it needs types of its own.
var siteWindowRoutes = windowRoutes{fleet.ScopeSite, "/maintenance-windows", "Site", "of the site"}

func (r windowRoutes) operation(verb, method, path, summary string) huma.Operation {
	return huma.Operation{
		OperationID: verb, Method: method, Path: path, Tags: []string{"Maintenance windows"}, Summary: summary + " " + r.of,
	}
}

func (r windowRoutes) list() huma.Operation {
	op := r.operation("list"+r.name+"Windows", http.MethodGet, r.path, "List the maintenance windows and blackouts")
	op.Errors = readErrors
	return op
}

func (r windowRoutes) create() huma.Operation {
	op := r.operation("create"+r.name+"Window", http.MethodPost, r.path, "Add a maintenance window or blackout")
	op.DefaultStatus, op.Errors = http.StatusCreated, changeErrors
	return op
}

func (r windowRoutes) get() huma.Operation {
	op := r.operation("get"+r.name+"Window", http.MethodGet, r.path+"/{window_id}", "Read a maintenance window")
	op.Errors = readErrors
	return op
}

func (r windowRoutes) update() huma.Operation {
	op := r.operation("update"+r.name+"Window", http.MethodPut, r.path+"/{window_id}", "Replace a maintenance window")
	op.Errors = changeErrors
	return op
}

func (r windowRoutes) remove() huma.Operation {
	op := r.operation("delete"+r.name+"Window", http.MethodDelete, r.path+"/{window_id}", "Delete a maintenance window")
	op.DefaultStatus, op.Errors = http.StatusNoContent, changeErrors
	return op
}

// owner reads the id in the path of a window's owner.
func (r windowRoutes) owner(id string) fleet.WindowOwner {
	if r.scope == fleet.ScopeSite {
		return fleet.WindowOwner{Scope: r.scope}
	}
	return fleet.WindowOwner{Scope: r.scope, ID: pathID(id)}
}

func (r windowRoutes) location(o fleet.WindowOwner, id string) string {
	collection := map[fleet.WindowScope]string{
		fleet.ScopeHost: "/hosts/" + o.ID, fleet.ScopeGroup: "/groups/" + o.ID, fleet.ScopeSite: "",
	}[o.Scope]
	return Base + collection + "/maintenance-windows/" + id
}
