package keyfile

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

// maxSize bounds a file in bytes; the largest key that anybody uses has some thousand.
const maxSize = 64 << 10

// Read returns what is in the file after it looked at what it had opened, so that nothing can be exchanged in between.
// Where there is no file the error is fs.ErrNotExist.
func Read(path string) ([]byte, error) {
	// O_NONBLOCK, because opening a pipe would wait for a writer for ever.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if errors.Is(err, syscall.ELOOP) {
		return nil, fmt.Errorf("read key %s: it is a symbolic link, and must be a file of its own", path)
	}
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	defer func() { _ = f.Close() }()
	if err := check(f); err != nil {
		return nil, fmt.Errorf("read key %s: %w", path, err)
	}
	content, err := io.ReadAll(io.LimitReader(f, maxSize))
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	return content, nil
}

func check(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return errors.New("it is not a regular file")
	}
	if mode := info.Mode() &^ 0o600; mode != 0 {
		return fmt.Errorf("its mode is %04o, and must be 0600: others could read or change it", info.Mode().Perm())
	}
	if owner := info.Sys().(*syscall.Stat_t).Uid; int(owner) != os.Geteuid() {
		return fmt.Errorf("it belongs to user %d, and must belong to user %d that this process runs as", owner, os.Geteuid())
	}
	if info.Size() > maxSize {
		return fmt.Errorf("it has %d bytes, and must have at most %d", info.Size(), maxSize)
	}
	return nil
}
