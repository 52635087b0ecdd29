// Package secret keeps the key of an installation and encrypts with it what must not be readable in the database: the
// Basic-auth passwords of health checks. It owns the key files, the making of the first one included, the envelope
// (AES-256-GCM bound to table, column, key, row and the origin of the URL it is sent to, so that a ciphertext copied elsewhere,
// or one whose URL was changed past the application, does not open), and the rotation
// of keys.
//
// A key has an id. Key 1 lies at the configured path and key n at that path with `.n` appended; each stored canary
// names a key that must be there, and the highest of them encrypts. An id is never given twice. A process learns of a
// further key when it meets a ciphertext of it, and before it encrypts anything.
//
// It must not log, and its errors hold neither keys nor plain texts. It imports fleet and keyfile only.
package secret
