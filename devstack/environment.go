package devstack

import (
	"net"
	"slices"
	"strconv"
	"strings"
)

// environment is what the product's processes run with: the caller's, where a setting that the caller made stays.
type environment struct {
	given []string
	ours  map[string]string
}

func newEnvironment(given []string) *environment {
	return &environment{given: given, ours: map[string]string{}}
}

// lookup returns what the processes see.
func (e *environment) lookup(name string) (string, bool) {
	for _, variable := range slices.Backward(e.given) {
		if value, ok := strings.CutPrefix(variable, name+"="); ok {
			return value, true
		}
	}
	value, ok := e.ours[name]
	return value, ok
}

func (e *environment) has(name string) bool {
	_, ok := e.lookup(name)
	return ok
}

// set gives a variable a value unless the caller did.
func (e *environment) set(name, value string) { e.ours[name] = value }

// force gives a variable a value whatever the caller did.
func (e *environment) force(name, value string) {
	e.drop(name + "=")
	e.set(name, value)
}

// drop forgets what the caller gave to variables with one of the prefixes.
func (e *environment) drop(prefixes ...string) {
	e.given = slices.DeleteFunc(slices.Clone(e.given), func(variable string) bool {
		return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(variable, p) })
	})
}

func (e *environment) list() []string {
	list := make([]string, 0, len(e.ours)+len(e.given))
	for name, value := range e.ours {
		list = append(list, name+"="+value)
	}
	return append(list, e.given...) // the later one of a name counts
}

// variable is the environment's name of a product setting.
func variable(key string) string {
	return "PATCH_MANAGER_" + strings.ToUpper(strings.ReplaceAll(key, ".", "__"))
}

// isOurs reports whether address is one that this stack itself would listen on. A shell that has read the env file of an
// earlier start names it, and does not mean another server.
func isOurs(address string, port int) bool {
	host, p, err := net.SplitHostPort(address)
	return err == nil && (host == Loopback || host == "localhost") && p == strconv.Itoa(port) && CheckPort(port, "", "") == nil
}
