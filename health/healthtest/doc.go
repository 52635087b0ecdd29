// Package healthtest has HTTP servers that do to a health check what a hostile or broken target may do. It knows the
// probes' limits only as numbers of its own, so that a wider limit is noticed.
package healthtest
