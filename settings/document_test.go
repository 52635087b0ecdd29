package settings

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheDocsListEverySettingWithItsDefaultAndMeaning(t *testing.T) {
	t.Parallel()
	var table strings.Builder
	for _, k := range keys {
		value := k.value
		if value == "" {
			value = "none"
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s |\n", k.name, value, k.help)
	}
	document, err := os.ReadFile("../docs/settings.md")
	require.NoError(t, err)
	require.Contains(t, string(document), "| --- | --- | --- |\n"+table.String()+"\n")
}
