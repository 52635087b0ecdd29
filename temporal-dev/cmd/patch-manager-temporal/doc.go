// Command patch-manager-temporal is a whole Temporal server with its web UI for an installation on one machine: Temporal's own
// server, schema and UI, of the release that this module pins, as one process on Postgres. Where there is a cluster, or
// Temporal is hosted, nobody needs it.
//
//	patch-manager-temporal schema   bring the two databases' schema up to date
//	patch-manager-temporal server   serve, once the schema is there
//
// Its configuration is one file of the format that Temporal documents.
package main
