package devstack

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// How long a folder's former user gets to end: one whose parent was killed is still shutting down.
const lockWait = 15 * time.Second

// ErrInUse says that another process works in a folder.
var ErrInUse = errors.New("in use by another process")

// lockDir locks dir for one user. The lock belongs to the open file: a server that inherits it holds it until its last
// process is gone, whatever became of us. That tells a live server from a stale process id file with certainty.
func lockDir(dir string, wait time.Duration) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock folder: %w", err)
	}
	for deadline := time.Now().Add(wait); ; time.Sleep(50 * time.Millisecond) {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) || time.Now().After(deadline) {
			f.Close()
			return nil, fmt.Errorf("lock folder %s: %w", dir, errors.Join(ErrInUse, err))
		}
	}
}
