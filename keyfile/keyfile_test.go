package keyfile_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/keyfile"
)

func TestAFileOfTheGreatestSizeIsReadAndOneByteMoreIsNot(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	require.NoError(t, keyfile.Create(path, make([]byte, 64<<10), 0o600))
	content, err := keyfile.Read(path)
	require.NoError(t, err)
	require.Len(t, content, 64<<10)

	require.NoError(t, keyfile.Replace(path, make([]byte, 64<<10+1), 0o600))
	_, err = keyfile.Read(path)
	require.ErrorContains(t, err, "at most 65536")
}

func TestOfManyWhoCreateOneSucceedsAndNobodySeesHalfOfAFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "new", "key")
	errs, seen := make([]error, 50), make([][]byte, 50)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			errs[i] = keyfile.Create(path, fmt.Appendf(nil, "%04000d", i), 0o600)
			seen[i], _ = keyfile.Read(path)
		})
	}
	wg.Wait()
	made := 0
	for i, err := range errs {
		require.Equal(t, seen[0], seen[i])
		require.Len(t, seen[i], 4000)
		if err == nil {
			made++
			continue
		}
		require.ErrorIs(t, err, fs.ErrExist)
	}
	require.Equal(t, 1, made)
	files, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, files, 1, "nothing is left beside the file")
}

func TestReplacingKeepsTheModeAskedForAndLeavesNothingBeside(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "cert.pem")
	require.NoError(t, keyfile.Create(path, []byte("first"), 0o644))
	require.NoError(t, keyfile.Replace(path, []byte("second"), 0o644))
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "second", string(content))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o644), info.Mode())
	files, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, files, 1)
}
