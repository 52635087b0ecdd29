package fleet

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"strconv"
	"strings"
	"time"
)

// AuditEntry is who did what and when, as it is stored. Entries form a chain: each holds the hash of the one before it,
// and its own hash over all of this.
type AuditEntry struct {
	Seq         int64     // from 1, without a gap
	At          time.Time // to the microsecond, never before that of the entry before it
	ActorID     string    // of the user; empty where it is none of ours
	ActorName   string
	Action      string
	SubjectType string
	SubjectID   string
	RequestID   string
	RemoteAddr  string
	Detail      json.RawMessage // its exact text
	// PrevHash is the hash of the entry before it, zeros where it begins a chain; Hash is its own. Both are empty in
	// entries from before there was a chain, which `audit seal` vouches for.
	PrevHash []byte
	Hash     []byte
	// Damaged is set where the row lacks what every entry has, which nothing but an edit past the schema can do.
	Damaged bool
}

// AuditFilter says which entries are asked for; what is zero asks for nothing.
type AuditFilter struct {
	Actor       string // a user's name, regardless of case, or id
	Action      string
	SubjectType string
	SubjectID   string
	RequestID   string
	From        time.Time // at this time or later
	To          time.Time // before this time
	Before      int64     // entries with a smaller Seq
	Limit       int       // most entries of an answer
}

// Validate refuses a filter that nothing can pass.
func (f AuditFilter) Validate() error {
	if !f.From.IsZero() && !f.To.IsZero() && !f.From.Before(f.To) {
		return Invalid("to", "must be after from")
	}
	return nil
}

// ActionAuditRead is the action of an entry that says who read which entries.
const ActionAuditRead = "audit.read"

// ActionAuditSeal is the action of an entry that begins a chain and vouches for all entries before it.
const ActionAuditSeal = "audit.seal"

// AuditSeal is the detail of an ActionAuditSeal: how many entries there were before it, and their digest.
type AuditSeal struct {
	Entries int64  `json:"entries"`
	SHA256  string `json:"sha256"`
}

// AuditHashSize is the length of hashes and of the key in bytes.
const AuditHashSize = sha256.Size

// canonical appends what the hash is over. Each part stands behind its length, since parts that merely follow each other
// could be split another way.
func (e *AuditEntry) canonical(out []byte) []byte {
	out = append(out, "patch-manager audit 1\n"...)
	out = appendPart(out, e.PrevHash)
	out = binary.BigEndian.AppendUint64(out, uint64(e.Seq)) //nolint:gosec // the same bits either way
	out = binary.BigEndian.AppendUint64(out, uint64(e.At.UnixMicro()))
	for _, part := range []string{e.ActorID, e.ActorName, e.Action, e.SubjectType, e.SubjectID, e.RequestID, e.RemoteAddr} {
		out = appendPart(out, part)
	}
	return appendPart(out, e.Detail)
}

func appendPart[T string | []byte | json.RawMessage](out []byte, part T) []byte {
	out = binary.BigEndian.AppendUint64(out, uint64(len(part)))
	return append(out, part...)
}

// AuditKey makes and knows the hashes of entries. It is safe for concurrent use and prints as a Secret does.
type AuditKey struct{ secret Secret }

// NewAuditKey is the key of AuditHashSize random bytes.
func NewAuditKey(key []byte) (AuditKey, error) {
	if len(key) != AuditHashSize {
		return AuditKey{}, fmt.Errorf("the key of audit entries has %d bytes, and must have %d", len(key), AuditHashSize)
	}
	return AuditKey{NewSecret(string(key))}, nil
}

// Sign returns the hash of an entry.
func (k AuditKey) Sign(e AuditEntry) []byte {
	mac := k.mac()
	mac.Write(e.canonical(nil))
	return mac.Sum(nil)
}

func (k AuditKey) mac() hash.Hash { return hmac.New(sha256.New, []byte(k.secret.Reveal())) }

// Blind returns 8 hexadecimal digits that tell texts apart and from which nobody without the key finds them, not even by
// trying. The key is one of its own, so that no text is blinded to what an entry is signed with.
func (k AuditKey) Blind(text string) string {
	own := k.mac()
	own.Write([]byte("blinded texts"))
	mac := hmac.New(sha256.New, own.Sum(nil))
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil)[:4])
}

// Made reports whether the entry is as it was when this key signed it.
func (k AuditKey) Made(e AuditEntry) bool { return !e.Damaged && hmac.Equal(k.Sign(e), e.Hash) }

// AuditCheckpoint is an entry that was seen at some time, kept where nobody who can reach the database can change it.
type AuditCheckpoint struct {
	Seq  int64
	Hash []byte
}

// String is SEQ:HASH.
func (c AuditCheckpoint) String() string { return fmt.Sprintf("%d:%x", c.Seq, c.Hash) }

// ParseAuditCheckpoint reads what String wrote.
func ParseAuditCheckpoint(text string) (AuditCheckpoint, error) {
	seq, hash, _ := strings.Cut(text, ":")
	n, err := strconv.ParseInt(seq, 10, 64)
	raw, notHex := hex.DecodeString(hash)
	if err != nil || notHex != nil || n < 1 || len(raw) != AuditHashSize {
		return AuditCheckpoint{}, Invalid("checkpoint", "must be SEQ:HASH, a number from 1 and %d hexadecimal digits", 2*AuditHashSize)
	}
	return AuditCheckpoint{Seq: n, Hash: raw}, nil
}
