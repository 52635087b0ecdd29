package devstack_test

import (
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestNothingIsInstalledWhereAllIsThereInUnderASecond(t *testing.T) {
	t.Parallel()
	began := time.Now()
	out, err := exec.Command("../scripts/ensure-deps.sh").CombinedOutput()
	require.NoError(t, err)
	require.Empty(t, string(out))
	require.Less(t, time.Since(began), time.Second)
}
