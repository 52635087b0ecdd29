package keyfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"time"
)

// Ensure reads the file, or makes it where there is none. Of processes that start together one makes it and the others
// read that one.
func Ensure(path string, content func() ([]byte, error)) ([]byte, error) {
	key, err := Read(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	fresh, err := content()
	if err != nil {
		return nil, err
	}
	if err := Create(path, fresh, 0o600); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("create key: %w", err)
	}
	return Read(path)
}

// Create makes the file, which appears under its name complete or not at all; where there is one the error is
// fs.ErrExist. Its folder is made for this user alone where there is none.
func Create(path string, content []byte, mode fs.FileMode) error {
	return write(path, content, mode, os.Link)
}

// Replace is Create that puts the new file in the place of the one that is there: readers see either of them whole.
func Replace(path string, content []byte, mode fs.FileMode) error {
	return write(path, content, mode, os.Rename)
}

// afterStep is where a test ends the process.
var afterStep = func() {}

// write writes beside path and puts the file into its place.
func write(path string, content []byte, mode fs.FileMode, place func(from, to string) error) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+"-*") // mode 0600 from the first
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	afterStep()
	_, err = f.Write(content)
	afterStep()
	if err := errors.Join(err, f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return err
	}
	afterStep()
	if err := place(f.Name(), path); err != nil {
		return err
	}
	afterStep()
	return syncDir(dir)
}

// Tidy removes what processes that were killed while they wrote left beside the file at path, or a numbered one of its name:
// it may be a copy of the key. What is younger than a minute may still be somebody's.
func Tidy(path string) {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return // whoever reads the key says so
	}
	// No more than what write names so: a copy that somebody keeps beside the key may be the last one.
	left := regexp.MustCompile(`^\.` + regexp.QuoteMeta(filepath.Base(path)) + `(\.\d+)?-\d+$`)
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !left.MatchString(e.Name()) || time.Since(info.ModTime()) < time.Minute {
			continue
		}
		_ = os.Remove(filepath.Join(filepath.Dir(path), e.Name())) // it is no harm that a folder which is not ours to change keeps it
	}
}

// syncDir makes a new name outlast a power cut, before anything depends on the key it names.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
