package secret_test

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/secret"
)

// How many of Wycheproof's vectors have 256-bit keys and 128-bit tags, with nonces of 96 bits and of others. A file with
// fewer is not the one that this test was written for.
const (
	vectorsOfOurSizes   = 66
	vectorsOfOtherSizes = 39
)

type vectorGroup struct {
	KeySize, IVSize, TagSize int
	Tests                    []vector
}

type vector struct {
	TcID                       int
	Comment, Result            string
	Key, IV, AAD, Msg, Ct, Tag hexBytes
}

type hexBytes []byte

func (b *hexBytes) UnmarshalText(text []byte) (err error) {
	*b, err = hex.DecodeString(string(text))
	return err
}

// vectors returns those of our key and tag sizes, by whether the size of the nonce is ours too.
func vectors(t *testing.T) (ours, others []vector) {
	t.Helper()
	file, err := os.ReadFile("testdata/wycheproof/aes_gcm_test.json")
	require.NoError(t, err)
	var all struct{ TestGroups []vectorGroup }
	require.NoError(t, json.Unmarshal(file, &all))
	for _, g := range all.TestGroups {
		switch {
		case g.KeySize != 256 || g.TagSize != 128:
		case g.IVSize == 96:
			ours = append(ours, g.Tests...)
		default:
			others = append(others, g.Tests...)
		}
	}
	return ours, others
}

func TestTheWycheproofVectorsOfAESGCMPass(t *testing.T) {
	t.Parallel()
	ours, others := vectors(t)
	require.GreaterOrEqual(t, len(ours), vectorsOfOurSizes)
	require.GreaterOrEqual(t, len(others), vectorsOfOtherSizes)
	invalid := 0
	for _, v := range ours {
		sealed := append(v.Ct, v.Tag...)
		plain, err := secret.OpenRaw(v.Key, sealed, v.IV, v.AAD)
		if v.Result == "invalid" {
			invalid++
			require.Error(t, err, "vector %d: %s", v.TcID, v.Comment)
			continue
		}
		require.NoError(t, err, "vector %d: %s", v.TcID, v.Comment)
		require.Equal(t, string(v.Msg), string(plain), "vector %d: %s", v.TcID, v.Comment)
		again, err := secret.SealRaw(v.Key, plain, v.IV, v.AAD)
		require.NoError(t, err)
		require.Equal(t, []byte(sealed), again, "vector %d: %s", v.TcID, v.Comment)
	}
	for _, v := range others {
		_, err := secret.OpenRaw(v.Key, append(v.Ct, v.Tag...), v.IV, v.AAD)
		require.Error(t, err, "vector %d: a nonce of %d bytes", v.TcID, len(v.IV))
	}
	t.Logf("%d vectors: %d open to what they say, %d are refused, and %d with nonces of other sizes", len(ours), len(ours)-invalid, invalid, len(others))
}
