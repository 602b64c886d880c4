package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// ErrLocked is what OpenDir wraps when another process uses the directory.
var ErrLocked = errors.New("the data directory is locked")

// Dir is the data directory. One process at a time has it.
type Dir struct {
	path string
	lock *os.File
}

// OpenDir makes the directory if it is not there, for its owner alone, and locks
// it until Close or the end of the process, however that comes. An error says
// what to do; it never waits.
func OpenDir(path string) (*Dir, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("make the data directory: %w; give another --data-dir", err)
	}
	name := filepath.Join(path, "lock")
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the data directory: %w; make it writable or give another --data-dir", err)
	}
	err = lock(f)
	if errors.Is(err, ErrLocked) {
		err = fmt.Errorf("%w: %s is in use by %s; stop it or give another --data-dir", ErrLocked, path, holder(f))
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	writeHolder(f)
	return &Dir{path: path, lock: f}, nil
}

// Database is the path of the database file.
func (d *Dir) Database() string { return DatabaseIn(d.path) }

// DatabaseIn is the path of the database file in the data directory at path.
func DatabaseIn(path string) string { return filepath.Join(path, "tickboard.db") }

// Close gives the lock back. The file stays: who removed it could remove the
// one that another process has just locked.
func (d *Dir) Close() error { return d.lock.Close() }

// writeHolder says in the lock file who holds the lock. On a full disk it does
// not, and the lock holds all the same.
func writeHolder(f *os.File) {
	if f.Truncate(0) == nil {
		_, _ = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
}

// holder says who holds the lock, for an error's text.
func holder(f *os.File) string {
	text := make([]byte, 20)
	n, _ := f.ReadAt(text, 0) // a holder that has not written yet is nobody we can name
	pid, err := strconv.Atoi(strings.TrimSpace(string(text[:n])))
	if err != nil {
		return "another process"
	}
	return fmt.Sprintf("process %d", pid)
}
