// Package secret keeps the key of an installation and encrypts with it what must not be readable in the database: the
// Basic-auth passwords of health checks. It owns the key file, its creation at the first start included, and the
// envelope: AES-256-GCM bound to table, column, check and host, so that a ciphertext copied elsewhere does not open.
//
// A key has an id. Key 1 lies at the configured path and key n at that path with `.n` appended; each stored canary
// names a key that must be there, and the highest of them encrypts. So a further key needs no change of what is stored.
//
// It must not log, and its errors hold neither keys nor plain texts. It imports fleet only.
package secret
