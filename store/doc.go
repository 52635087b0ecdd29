// Package store keeps everything people read in Postgres. Queries live in queries/*.sql, one file per noun, and become
// code in sqlgen; only SQL whose shape depends on its input is written by hand. Every query that serves a caller takes
// a scope, and every change writes its audit entry and its event in its own transaction.
//
// It imports fleet only. It must not decide anything that a pure function of fleet can decide from rows it returns.
package store
