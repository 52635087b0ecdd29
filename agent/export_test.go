package agent

import "time"

// SetNow gives c another clock.
func SetNow(c *Client, now func() time.Time) { c.now = now }

// ParseEnvelope and ParseJob let fuzzing reach the parsers without a connection.
func ParseEnvelope(status int, body []byte) error { _, err := parseEnvelope(status, body); return err }
