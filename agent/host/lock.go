package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// anyLocked reports whether another process holds one of dpkg's locks. Asking does not take them.
func anyLocked(paths ...string) (bool, error) {
	for _, path := range paths {
		held, err := lockedByOther(path)
		if held || err != nil {
			return held, err
		}
	}
	return false, nil
}

func lockedByOther(path string) (bool, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look at the lock of the package database: %w", err)
	}
	defer func() { _ = f.Close() }()
	lock := syscall.Flock_t{Type: syscall.F_WRLCK}
	if err := syscall.FcntlFlock(f.Fd(), syscall.F_GETLK, &lock); err != nil {
		return false, fmt.Errorf("look at the lock of the package database: %w", err)
	}
	return lock.Type != syscall.F_UNLCK, nil
}
