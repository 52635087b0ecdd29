// Package access hashes passwords and compares them with their hashes: argon2id, a few at a time, so that a flood of
// sign-ins takes neither the memory nor the processor from everything else. It imports fleet only, knows neither users nor
// the database, and must not log.
package access
