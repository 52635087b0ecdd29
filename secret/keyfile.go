package secret

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// keySize is the length of a key file in bytes: the 256 bits of AES-256, as they are.
const keySize = 32

// readKey reads a key file after it looked at what it had opened, so that nothing can be exchanged in between.
func readKey(path string) ([]byte, error) {
	// O_NONBLOCK, because opening a pipe would wait for a writer for ever.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if errors.Is(err, syscall.ELOOP) {
		return nil, fmt.Errorf("read key %s: it is a symbolic link, and must be a file of its own", path)
	}
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	defer func() { _ = f.Close() }()
	if err := checkKeyFile(f); err != nil {
		return nil, fmt.Errorf("read key %s: %w", path, err)
	}
	key := make([]byte, keySize)
	if _, err := io.ReadFull(f, key); err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	return key, nil
}

func checkKeyFile(f *os.File) error {
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
	if info.Size() != keySize {
		return fmt.Errorf("it has %d bytes, and must have %d", info.Size(), keySize)
	}
	return nil
}

// ensureKey reads the key file, or makes it where there is none. Of processes that start together one makes it and the
// others read that one: a file under its final name appears complete or not at all.
func ensureKey(path string) ([]byte, error) {
	key, err := readKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if err := createKey(path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("create key: %w", err)
	}
	return readKey(path)
}

// createKey writes a new key beside path and links it there, which fails where path exists meanwhile.
func createKey(path string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+"-*") // mode 0600 from the first
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	if err := writeKey(f); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

func writeKey(f *os.File) error {
	key := make([]byte, keySize)
	_, _ = rand.Read(key) // never fails: crypto/rand ends the process instead
	_, err := f.Write(key)
	return errors.Join(err, f.Sync(), f.Close())
}

// syncDir makes a new name outlast a power cut, before anything is encrypted with the key it names.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
