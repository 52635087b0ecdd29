package pki_test

import (
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/pki"
)

var errNoRecord = errors.New("the database is away")

func refuseRecord(pki.Own) error { return errNoRecord }

func TestNoCertificateOfItsOwnComesIntoForceThatIsNotRecorded(t *testing.T) {
	t.Parallel()
	c := config(t.TempDir())
	unrecorded := c
	unrecorded.RecordAuthority, unrecorded.RecordClient = refuseRecord, refuseRecord

	_, _, err := pki.Open(unrecorded)
	require.ErrorIs(t, err, errNoRecord)
	require.NoFileExists(t, c.CAFile)
	open(t, c)

	_, err = open(t, unrecorded).KeepClient()
	require.ErrorIs(t, err, errNoRecord)
	require.NoFileExists(t, c.ClientFile)
	_, err = open(t, c).KeepClient()
	require.NoError(t, err)

	before := read(t, c.ClientFile)
	unrecorded.Now = func() time.Time { return time.Now().Add(300 * 24 * time.Hour) }
	_, err = open(t, unrecorded).KeepClient()
	require.ErrorIs(t, err, errNoRecord)
	require.Equal(t, before, read(t, c.ClientFile), "the renewed one did not come into force")
}

func TestACertificateIsRecordedBeforeItComesIntoForce(t *testing.T) {
	t.Parallel()
	c := config(t.TempDir())
	recorded := 0
	absent := func(path string) func(pki.Own) error {
		return func(o pki.Own) error {
			recorded++
			require.NotEmpty(t, o.Serial)
			require.True(t, o.NotAfter.After(time.Now()))
			require.NoFileExists(t, path)
			return nil
		}
	}
	c.RecordAuthority, c.RecordClient = absent(c.CAFile), absent(c.ClientFile)
	_, err := open(t, c).KeepClient()
	require.NoError(t, err)
	require.Equal(t, 2, recorded)
}

func TestARenewalByManyAtOnceIsOneAndRecordedOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir() + "/pki"
	require.NoError(t, os.MkdirAll(dir, 0o700))
	c := config(dir)
	_, err := open(t, c).KeepClient()
	require.NoError(t, err)
	c.Now = func() time.Time { return time.Now().Add(300 * 24 * time.Hour) }
	a := open(t, c)
	errs := make([]error, 20)
	var renewing sync.WaitGroup
	for i := range errs {
		renewing.Go(func() { _, errs[i] = a.KeepClient() })
	}
	renewing.Wait()
	require.NoError(t, errors.Join(errs...))
	require.Len(t, strings.Fields(read(t, dir+".client")), 2, "the first and the renewed one")
}
