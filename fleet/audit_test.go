package fleet_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/patch-manager/patch-manager/fleet"
)

func auditKey(t require.TestingT) fleet.AuditKey {
	key, err := fleet.NewAuditKey([]byte(strings.Repeat("k", fleet.AuditHashSize)))
	require.NoError(t, err)
	return key
}

func TestTextsThatMoveOverTheBorderOfTwoFieldsChangeTheHash(t *testing.T) {
	t.Parallel()
	key := auditKey(t)
	of := func(texts []string) fleet.AuditEntry {
		return fleet.AuditEntry{
			ActorID: texts[0], ActorName: texts[1], Action: texts[2], SubjectType: texts[3], SubjectID: texts[4], RequestID: texts[5],
			RemoteAddr: texts[6], Detail: json.RawMessage(texts[7]),
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOfN(rapid.StringOfN(rapid.RuneFrom([]rune("ab\x00\x01")), 0, 3, -1), 8, 8)
		a, b := texts.Draw(t, "a"), texts.Draw(t, "b")
		same := fmt.Sprintf("%q", a) == fmt.Sprintf("%q", b)
		require.Equal(t, same, bytes.Equal(key.Sign(of(a)), key.Sign(of(b))))
	})
}

// chainOf is n entries as the application writes them.
func chainOf(t require.TestingT, n int) []fleet.AuditEntry {
	key, entries := auditKey(t), []fleet.AuditEntry{}
	last := fleet.AuditEntry{Hash: make([]byte, fleet.AuditHashSize)}
	for i := range n {
		e := fleet.AuditEntry{
			Seq: last.Seq + 1, At: time.Unix(int64(i), 0), ActorName: "ann", Action: "act", Detail: json.RawMessage(`{}`), PrevHash: last.Hash,
		}
		e.Hash = key.Sign(e)
		entries = append(entries, e)
		last = e
	}
	return entries
}

func verify(t *testing.T, entries []fleet.AuditEntry, checkpoints ...fleet.AuditCheckpoint) []string {
	t.Helper()
	v := fleet.NewAuditVerifier(auditKey(t), checkpoints)
	for _, e := range entries {
		v.Next(e)
	}
	report := v.End()
	require.EqualValues(t, len(entries), report.Entries)
	require.Equal(t, len(report.Faults) == 0, report.Sound())
	faults := []string{}
	for _, f := range report.Faults {
		faults = append(faults, f.What)
	}
	return faults
}

func TestAVerificationSaysWhatWasDoneAndWhere(t *testing.T) {
	t.Parallel()
	entries := func() []fleet.AuditEntry { return chainOf(t, 9) }
	require.Empty(t, verify(t, entries()))
	require.Empty(t, verify(t, nil))

	edited := entries()
	edited[4].ActorName = "nobody"
	require.Equal(t, []string{"entry 5 was changed or added by somebody without the key"}, verify(t, edited))

	removed := entries()
	require.Equal(t, []string{"entries 3 to 5 are missing before entry 6"}, verify(t, append(removed[:2], removed[5:]...)))
	require.Equal(t, []string{"entry 1 is missing before entry 2"}, verify(t, entries()[1:]))

	twice := entries()
	require.Equal(t, []string{"entry 9 stands behind entry 9"}, verify(t, append(twice, twice[8])))

	other := entries()
	other[4].ActorName = "bob"
	other[4].Hash = auditKey(t).Sign(other[4])
	require.Equal(t, []string{"entry 6 does not follow the entry before it: one of them was exchanged, or something stood between"}, verify(t, other))

	seen := fleet.AuditCheckpoint{Seq: 9, Hash: entries()[8].Hash}
	require.Empty(t, verify(t, entries(), seen))
	require.Equal(t, []string{"the end was cut off: a checkpoint saw entry 9, the last one is 7"}, verify(t, entries()[:7], seen))
}

func TestTheFirstHundredFaultsAreToldAndTheOthersCounted(t *testing.T) {
	t.Parallel()
	for n, more := range map[int]int{100: 0, 101: 1} {
		v := fleet.NewAuditVerifier(auditKey(t), nil)
		for _, e := range chainOf(t, n) {
			e.ActorName = "nobody"
			v.Next(e)
		}
		report := v.End()
		require.Len(t, report.Faults, 100)
		require.Equal(t, more, report.More)
	}
}

func TestACheckpointIsReadAsItIsWritten(t *testing.T) {
	t.Parallel()
	c := fleet.AuditCheckpoint{Seq: 12, Hash: bytes.Repeat([]byte{0xab}, fleet.AuditHashSize)}
	read, err := fleet.ParseAuditCheckpoint(c.String())
	require.NoError(t, err)
	require.Equal(t, c, read)
	for _, bad := range []string{
		"", "12", "12:", ":" + strings.Repeat("ab", 32), "0:" + strings.Repeat("ab", 32), "-1:" + strings.Repeat("ab", 32),
		"12:" + strings.Repeat("ab", 31), "12:" + strings.Repeat("ab", 33), "12:" + strings.Repeat("xy", 32), "12:" + strings.Repeat("ab", 32) + ":",
	} {
		_, err := fleet.ParseAuditCheckpoint(bad)
		require.ErrorContains(t, err, "must be SEQ:HASH", bad)
	}
}

func TestTheKeyOfAuditEntriesHas32BytesAndIsNotPrinted(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 31, 33} {
		_, err := fleet.NewAuditKey(make([]byte, n))
		require.ErrorContains(t, err, "must have 32")
	}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		require.NotContains(t, fmt.Sprintf(format, auditKey(t)), "kkk", format)
		require.NotContains(t, fmt.Sprintf(format, auditKey(t)), "6b6b", format)
		require.NotContains(t, fmt.Sprintf(format, auditKey(t)), "107 107", format)
	}
}

func TestBlindedTextsAreToldApartByTheKeyAlone(t *testing.T) {
	t.Parallel()
	key, err := fleet.NewAuditKey(bytes.Repeat([]byte{1}, fleet.AuditHashSize))
	require.NoError(t, err)
	other, err := fleet.NewAuditKey(bytes.Repeat([]byte{2}, fleet.AuditHashSize))
	require.NoError(t, err)
	again := key.Blind("a")
	require.Equal(t, again, key.Blind("a"))
	require.NotEqual(t, key.Blind("a"), key.Blind("b"))
	require.NotEqual(t, key.Blind("a"), other.Blind("a"))
	require.Regexp(t, `^[0-9a-f]{8}$`, key.Blind(""))
}
