// Package api serves the REST interface: one file of operations per noun, the mapping of fleet's error kinds to problems
// in one place, and authentication. It owns the shape of requests and answers and nothing else: rules are fleet's,
// scope and transactions the store's.
//
// It must not reach a host and must not import the store or the workflows' activities; what it needs of them stands in
// ports.go.
package api
