// Package migrations holds the schema of Patch Manager as numbered SQL files, applied in order by goose.
package migrations

import "embed"

// FS holds every migration file at its root.
//
//go:embed *.sql
var FS embed.FS
