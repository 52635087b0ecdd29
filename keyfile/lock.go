package keyfile

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// Lock has this process alone do something with the key file at path until release is called or the process ends. Others
// that ask wait.
func Lock(path string) (release func() error, err error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("lock key: %w", err)
	}
	for {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock key %s: %w", path, err), f.Close())
	}
	return f.Close, nil
}
