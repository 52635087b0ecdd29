package devstack

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
)

// ErrNoPostgres says that the machine has no Postgres server, and how to get one.
var ErrNoPostgres = errors.New("no PostgreSQL server on this machine: run `make setup`, or `sudo apt-get install postgresql`")

// postgresBinaries returns the folder of a Postgres server's programs: of the first postgres on PATH, else as pg_config
// says, else the newest where Debian puts them, outside of PATH.
func postgresBinaries() (string, error) {
	var found []string
	if path, err := exec.LookPath("postgres"); err == nil {
		if target, err := filepath.EvalSymlinks(path); err == nil {
			found = append(found, filepath.Dir(target))
		}
	}
	if out, err := exec.Command("pg_config", "--bindir").Output(); err == nil {
		found = append(found, strings.TrimSpace(string(out)))
	}
	found = append(found, debianVersions("/usr/lib/postgresql")...)
	for _, dir := range found {
		if executable(filepath.Join(dir, "postgres")) && executable(filepath.Join(dir, "initdb")) {
			return dir, nil
		}
	}
	return "", ErrNoPostgres
}

// debianVersions returns root/N/bin, newest first. By number: 9 is older than 15.
func debianVersions(root string) []string {
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil
	}
	version := func(i int) float64 {
		v, _ := strconv.ParseFloat(entries[i].Name(), 64)
		return v
	}
	sort.Slice(entries, func(i, j int) bool { return version(i) > version(j) })
	dirs := make([]string, len(entries))
	for i, e := range entries {
		dirs[i] = filepath.Join(root, e.Name(), "bin")
	}
	return dirs
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0
}
