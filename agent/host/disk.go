package host

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
)

// writeDurably writes v to a file that did not matter before, and returns when the disk has it.
func writeDurably(path string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(b, '\n'))
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// replaceDurably puts v in the place of what a file holds; a reader sees the one or the other.
func replaceDurably(path string, v any) error {
	if err := writeDurably(path+".new", v); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func readJSON(path string, v any) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, v)
}

// tail returns at most the last limit bytes of a file as valid text; nothing when there is no file.
func tail(path string, limit int64) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return ""
	}
	b := make([]byte, min(limit, info.Size()))
	n, _ := f.ReadAt(b, info.Size()-int64(len(b)))
	return strings.ReplaceAll(strings.ToValidUTF8(string(b[:n]), "\uFFFD"), "\x00", "\uFFFD")
}

var idPattern = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// validID reports whether id has the form of newID's, and so is safe in a path and in a unit name.
func validID(id string) bool { return idPattern.MatchString(id) }

// newID makes a random UUID (version 4).
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: the runtime ends the program instead
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func sortRecords(records []record) {
	slices.SortFunc(records, func(a, b record) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), strings.Compare(a.ID, b.ID))
	})
}
