package fleet

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"maps"
	"slices"
	"strconv"
)

// maxAuditFaults bounds how many faults are told one by one.
const maxAuditFaults = 100

// AuditFault is something that was done to the entries past the application.
type AuditFault struct {
	Seq  int64 // where it shows
	What string
}

// AuditReport is what a verification found.
type AuditReport struct {
	Entries int64
	// Sealed is how many of them come before the last seal, which vouches for them by their digest alone.
	Sealed int64
	Head   AuditCheckpoint // the last entry; Seq is 0 where there is none
	Faults []AuditFault    // the first of them
	More   int             // how many further ones there are
}

// Sound reports whether nothing was found.
func (r AuditReport) Sound() bool { return len(r.Faults) == 0 }

// AuditVerifier reads the entries in the order of their numbers and finds what was done to them: an edit, a removal, an
// insertion, another order, and a cut-off end as far back as to the last checkpoint.
type AuditVerifier struct {
	mac         hash.Hash
	checkpoints map[int64][][]byte // not met yet; one number may have several hashes, of which all but one are wrong
	digest      hash.Hash
	last        AuditEntry // zero before the first
	report      AuditReport
	// denied is what checkpoints say otherwise, which no seal can make good.
	denied []AuditFault
	// Of one entry after the other, since there may be millions.
	canonical, sum []byte
}

// NewAuditVerifier begins a verification.
func NewAuditVerifier(key AuditKey, checkpoints []AuditCheckpoint) *AuditVerifier {
	v := &AuditVerifier{mac: key.mac(), checkpoints: map[int64][][]byte{}, digest: sha256.New()}
	for _, c := range checkpoints {
		v.checkpoints[c.Seq] = append(v.checkpoints[c.Seq], c.Hash)
	}
	return v
}

// Next takes the next entry.
func (v *AuditVerifier) Next(e AuditEntry) {
	v.canonical = e.canonical(v.canonical[:0])
	ours := v.made(e)
	if ours && v.seals(e) {
		v.report.Sealed, v.report.Faults, v.report.More = v.report.Entries, nil, 0
	} else {
		v.judge(e, ours)
	}
	for _, hash := range v.checkpoints[e.Seq] {
		if !bytes.Equal(hash, e.Hash) {
			v.deny(e.Seq, "entry %d is not the one that a checkpoint saw", e.Seq)
		}
	}
	delete(v.checkpoints, e.Seq)
	v.digest.Write(strconv.AppendBool(appendPart(v.canonical, e.Hash), e.Damaged))
	v.report.Entries++
	v.report.Head = AuditCheckpoint{Seq: e.Seq, Hash: e.Hash}
	v.last = e
}

// made is AuditKey.Made of the entry whose canonical form was just written.
func (v *AuditVerifier) made(e AuditEntry) bool {
	v.mac.Reset()
	v.mac.Write(v.canonical)
	v.sum = v.mac.Sum(v.sum[:0])
	return !e.Damaged && hmac.Equal(v.sum, e.Hash)
}

// seals reports whether an entry of our key vouches for exactly the entries before it.
func (v *AuditVerifier) seals(e AuditEntry) bool {
	if e.Action != ActionAuditSeal || !begins(e) || e.Seq != v.last.Seq+1 {
		return false
	}
	var seal AuditSeal
	return json.Unmarshal(e.Detail, &seal) == nil && seal == v.Seal()
}

// Seal is what a seal of the entries so far holds.
func (v *AuditVerifier) Seal() AuditSeal {
	return AuditSeal{Entries: v.report.Entries, SHA256: hex.EncodeToString(v.digest.Sum(nil))}
}

// begins reports whether an entry says of itself that it begins a chain.
func begins(e AuditEntry) bool { return bytes.Equal(e.PrevHash, make([]byte, AuditHashSize)) }

func (v *AuditVerifier) judge(e AuditEntry, ours bool) {
	switch {
	case e.Seq > v.last.Seq+1:
		v.fault(e.Seq, "%s missing before entry %d", span(v.last.Seq+1, e.Seq-1), e.Seq)
	case e.Seq <= v.last.Seq:
		v.fault(e.Seq, "entry %d stands behind entry %d", e.Seq, v.last.Seq)
	case !v.follows(e):
		v.fault(e.Seq, "entry %d does not follow the entry before it: one of them was exchanged, or something stood between", e.Seq)
	}
	switch {
	case len(e.Hash) == 0:
		v.fault(e.Seq, "entry %d has no hash, and no seal vouches for it", e.Seq)
	case !ours:
		v.fault(e.Seq, "entry %d was changed or added by somebody without the key", e.Seq)
	case e.Action == ActionAuditSeal && begins(e):
		v.fault(e.Seq, "entries before entry %d, which sealed them, were changed, removed or added", e.Seq)
	}
	if e.At.Before(v.last.At) {
		v.fault(e.Seq, "entry %d is earlier than the one before it", e.Seq)
	}
}

func (v *AuditVerifier) follows(e AuditEntry) bool {
	if v.report.Entries == 0 {
		return begins(e) || len(e.Hash) == 0
	}
	return bytes.Equal(e.PrevHash, v.last.Hash)
}

func span(from, to int64) string {
	if from == to {
		return fmt.Sprintf("entry %d is", from)
	}
	return fmt.Sprintf("entries %d to %d are", from, to)
}

func (v *AuditVerifier) fault(seq int64, format string, args ...any) {
	if len(v.report.Faults) == maxAuditFaults {
		v.report.More++
		return
	}
	v.report.Faults = append(v.report.Faults, AuditFault{Seq: seq, What: fmt.Sprintf(format, args...)})
}

// End is what was found once all entries were read.
func (v *AuditVerifier) End() AuditReport {
	for _, seq := range slices.Sorted(maps.Keys(v.checkpoints)) {
		if seq > v.report.Head.Seq {
			v.deny(seq, "the end was cut off: a checkpoint saw entry %d, the last one is %d", seq, v.report.Head.Seq)
			continue
		}
		v.deny(seq, "entry %d, which a checkpoint saw, is missing", seq)
	}
	v.report.Faults = append(v.report.Faults, v.denied...)
	return v.report
}

func (v *AuditVerifier) deny(seq int64, format string, args ...any) {
	v.denied = append(v.denied, AuditFault{Seq: seq, What: fmt.Sprintf(format, args...)})
}
