package secret

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/patch-manager/patch-manager/fleet"
)

// OpenAuditKey reads the key that audit entries are chained with. Where none are chained yet it may be new and is made;
// otherwise it must be there, since entries of another key would not continue the chain.
func OpenAuditKey(path string, chained bool) (fleet.AuditKey, error) {
	read := ensureKey
	if chained {
		read = readKey
	}
	key, err := read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fleet.AuditKey{}, fmt.Errorf("open key of audit entries: %w, while entries chained with it are stored: "+
			"put the file back from a backup, or begin a new chain with `patch-manager audit seal`", err)
	}
	if err != nil {
		return fleet.AuditKey{}, err
	}
	return fleet.NewAuditKey(key)
}
