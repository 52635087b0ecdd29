// Package sqlgen is what sqlc makes of the queries of store; this file alone is written by hand.
package sqlgen

// DB is what the statements of q go to: the pool, or a transaction of the store's.
func (q *Queries) DB() DBTX { return q.db }
