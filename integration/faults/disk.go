package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// disk is a small one of its own under a folder.
type disk struct{ dir string }

// mountDisk puts a disk of so many bytes under a folder, whose owner and mode it keeps.
func mountDisk(dir string, size int64) (*disk, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make folder of a disk: %w", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return nil, fmt.Errorf("make folder of a disk: %w", err)
	}
	owner := info.Sys().(*syscall.Stat_t) // what the standard library has on Linux
	options := fmt.Sprintf("size=%d,uid=%d,gid=%d,mode=%o", size, owner.Uid, owner.Gid, info.Mode().Perm())
	if err := syscall.Mount("faults", dir, "tmpfs", syscall.MS_NOSUID|syscall.MS_NODEV, options); err != nil {
		return nil, fmt.Errorf("mount a disk on %s: %w", dir, err)
	}
	return &disk{dir}, nil
}

func (d *disk) ballast() string { return filepath.Join(d.dir, "ballast") }

// fill takes all the room that there is by now.
func (d *disk) fill() error {
	f, err := os.OpenFile(d.ballast(), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if errors.Is(err, syscall.ENOSPC) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("fill a disk: %w", err)
	}
	defer f.Close()
	for piece := make([]byte, 1<<20); len(piece) > 0; {
		_, err := f.Write(piece)
		switch {
		case errors.Is(err, syscall.ENOSPC):
			piece = piece[:len(piece)/2]
		case err != nil:
			return fmt.Errorf("fill a disk: %w", err)
		}
	}
	return nil
}

// clear gives back what fill took.
func (d *disk) clear() error {
	if err := os.Remove(d.ballast()); err != nil {
		return fmt.Errorf("clear a disk: %w", err)
	}
	return nil
}

// unmount takes the disk away and keeps the logs that were on it.
func (d *disk) unmount() error {
	logs := map[string][]byte{}
	err := fs.WalkDir(os.DirFS(d.dir), ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() || !strings.Contains(e.Name(), ".log") {
			return err
		}
		logs[path], err = os.ReadFile(filepath.Join(d.dir, path))
		return err
	})
	if err := errors.Join(err, unmount(d.dir)); err != nil {
		return err
	}
	for path, content := range logs {
		to := filepath.Join(d.dir, path)
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			return fmt.Errorf("keep logs of a disk: %w", err)
		}
		if err := os.WriteFile(to, content, 0o600); err != nil {
			return fmt.Errorf("keep logs of a disk: %w", err)
		}
	}
	return nil
}

func unmount(dir string) error {
	if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
		return fmt.Errorf("unmount the disk on %s: %w", dir, err)
	}
	return nil
}

// unmountAll takes away the disks that a run left in the folder of a cell which was killed.
func unmountAll(dir string) error {
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return fmt.Errorf("look for disks: %w", err)
	}
	postgres, _ := filepath.EvalSymlinks(filepath.Join(dir, "postgres")) // empty where there is none
	for line := range strings.Lines(string(mounts)) {
		fields := strings.Fields(line)
		if len(fields) < 3 || fields[0] != "faults" {
			continue
		}
		if at := fields[1]; at == postgres || strings.HasPrefix(at, dir+"/") {
			if err := unmount(at); err != nil {
				return err
			}
		}
	}
	return nil
}
