package devstack

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Where data of servers lives that root starts as somebody else: that account may be unable to enter the checkout, such
// as one under a home of mode 0700.
const rootDataDir = "/var/lib/patch-manager-dev"

// place makes the folder that a server keeps its data in and returns it with the account to run as. For an ordinary user
// it is link itself; for root it is a folder outside, that link then points to.
func place(link string) (string, *Account, error) {
	link, err := filepath.Abs(link)
	if err != nil {
		return "", nil, fmt.Errorf("place data: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
		return "", nil, fmt.Errorf("place data: %w", err)
	}
	acc, err := unprivileged()
	if err != nil {
		return "", nil, err
	}
	if acc == nil {
		return placeOwn(link)
	}
	info, err := os.Lstat(link)
	if err == nil && info.IsDir() {
		return placeOwned(link, info)
	}
	return placeOutside(link, acc, err)
}

func placeOwn(link string) (string, *Account, error) {
	if err := os.MkdirAll(link, 0o700); err != nil {
		return "", nil, fmt.Errorf("place data: %w", err)
	}
	dir, err := filepath.EvalSymlinks(link)
	if err != nil {
		return "", nil, fmt.Errorf("place data: %s was made by root; remove it or run as root: %w", link, err)
	}
	return dir, nil, nil
}

// placeOwned keeps to a folder that an ordinary user made earlier, and to that user.
func placeOwned(link string, info fs.FileInfo) (string, *Account, error) {
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || owner.Uid == 0 {
		return "", nil, fmt.Errorf("place data: %s belongs to root, whom postgres does not run as; remove it", link)
	}
	return link, &Account{Name: fmt.Sprintf("user %d", owner.Uid), UID: owner.Uid, GID: owner.Gid}, nil
}

// placeOutside follows link, or makes it. Data whose link is gone belongs to a folder that was removed: it is removed
// too, so that a new clone at the same path starts afresh.
func placeOutside(link string, acc *Account, linkErr error) (string, *Account, error) {
	dir := filepath.Join(rootDataDir, hash(link))
	switch {
	case errors.Is(linkErr, fs.ErrNotExist):
		if err := removePlaced(dir); err != nil {
			return "", nil, fmt.Errorf("place data: %w", err)
		}
	case linkErr != nil:
		return "", nil, fmt.Errorf("place data: %w", linkErr)
	}
	if err := os.MkdirAll(rootDataDir, 0o755); err != nil {
		return "", nil, fmt.Errorf("place data: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", nil, fmt.Errorf("place data: %w", err)
	}
	if err := os.Chown(dir, int(acc.UID), int(acc.GID)); err != nil {
		return "", nil, fmt.Errorf("place data: %w", err)
	}
	return dir, acc, relink(link, dir)
}

// hash is a short name for a text.
func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}

func relink(link, dir string) error {
	if target, err := os.Readlink(link); err == nil && target == dir {
		return nil
	}
	if err := os.Remove(link); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("place data: %w", err)
	}
	if err := os.Symlink(dir, link); err != nil {
		return fmt.Errorf("place data: %w", err)
	}
	return nil
}

// removePlaced removes dir unless a server still works in it.
func removePlaced(dir string) error {
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	lock, err := lockDir(dir, lockWait)
	if err != nil {
		return err
	}
	defer lock.Close()
	return os.RemoveAll(dir)
}

// removeData removes what place made for link, and link.
func removeData(link string) error {
	if dir, err := os.Readlink(link); err == nil {
		if err := removePlaced(dir); err != nil {
			return fmt.Errorf("remove data: %w", err)
		}
	}
	if err := os.RemoveAll(link); err != nil {
		return fmt.Errorf("remove data: %w", err)
	}
	return nil
}
