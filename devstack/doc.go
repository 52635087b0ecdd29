// Package devstack starts what Patch Manager needs around it on one machine, for development, demonstrations and tests:
// a Postgres server, the Temporal development server, a certificate authority, and processes of our own. Whatever it
// starts ends with the process that started it, also when that is killed. Production packages must not import it.
package devstack
