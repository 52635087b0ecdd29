package devstack

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// Account is an unprivileged account that a server runs as.
type Account struct {
	Name     string
	UID, GID uint32
}

func (a *Account) credential() *syscall.Credential {
	return &syscall.Credential{Uid: a.UID, Gid: a.GID}
}

// unprivileged is the account for servers that refuse to run as root: nil where we are not root anyway.
func unprivileged() (*Account, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err == nil {
			return accountOf(u)
		}
	}
	return nil, errors.New("postgres does not run as root, and there is neither a user postgres nor a user nobody to run it as")
}

func accountOf(u *user.User) (*Account, error) {
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("read user id of %s: %w", u.Username, err)
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("read group id of %s: %w", u.Username, err)
	}
	return &Account{Name: u.Username, UID: uint32(uid), GID: uint32(gid)}, nil
}
