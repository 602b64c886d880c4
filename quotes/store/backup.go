package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Backup copies the database file at path to a new file, for its owner alone, and
// returns its size. The database may be in use, by other processes too: they go
// on, and the copy is what was stored at one moment. It replaces no file, and
// leaves none that is not whole.
func Backup(ctx context.Context, path, file string) (size int64, err error) {
	if _, err := os.Stat(path); err != nil {
		return 0, fmt.Errorf("there is no database to back up: %w; name its folder with --data-dir", err)
	}
	if err := unused(file); err != nil {
		return 0, err
	}
	part, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*.part")
	if err != nil {
		return 0, fmt.Errorf("write the backup: %w", err)
	}
	defer func() {
		if gone := os.Remove(part.Name()); !errors.Is(gone, fs.ErrNotExist) { // it may have got its name by a rename
			err = errors.Join(err, gone)
		}
	}()
	err = errors.Join(copyInto(ctx, path, part.Name()), part.Sync(), part.Close())
	if err != nil {
		return 0, fmt.Errorf("back up %s: %w", path, err)
	}
	if err := name(part.Name(), file); err != nil {
		return 0, fmt.Errorf("write the backup: %w", err)
	}
	stat, err := os.Stat(file)
	if err != nil {
		return 0, err
	}
	return stat.Size(), syncDir(filepath.Dir(file))
}

// unused says that there is nothing of that name.
func unused(file string) error {
	_, err := os.Lstat(file)
	switch {
	case err == nil:
		return fmt.Errorf("%s: %w; give a new name", file, fs.ErrExist)
	case errors.Is(err, fs.ErrNotExist):
		return nil
	}
	return err
}

// copyInto copies the database, and looks through the copy for damage.
func copyInto(ctx context.Context, from, to string) (err error) {
	to, err = filepath.Abs(to)
	if err != nil {
		return err
	}
	db, err := connect(from, 1, "mode=rw")
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, `VACUUM INTO $1`, to)
	if err = errors.Join(err, db.Close()); err != nil {
		return err
	}
	made, err := connect(to, 1, "mode=ro")
	if err != nil {
		return err
	}
	return errors.Join(quickCheck(ctx, made), made.Close())
}

// name gives a file that is whole its name, in place of none.
func name(part, file string) error {
	err := os.Link(part, file) // fails where there is a file
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := unused(file); err != nil {
		return err
	}
	return os.Rename(part, file) // on a disk without links, as a stick with FAT
}
