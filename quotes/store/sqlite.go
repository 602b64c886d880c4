package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Open opens the database file, which it makes, readable by its owner alone, if
// it is not there, looks through it for damage and brings its tables up to date.
// An error says what to do; a file that is refused stays as it is.
func Open(ctx context.Context, path string) (*DB, error) {
	if err := makeFile(path); err != nil {
		return nil, fmt.Errorf("open the database: %w; give another --data-dir or make this one writable", err)
	}
	d := newDB(path, 0)
	var err error
	if d.write, err = pool(path, 1, "_txlock=immediate"); err != nil {
		return nil, err
	}
	if d.read, err = pool(path, readers, "_query_only=1"); err != nil {
		return nil, errors.Join(err, d.write.Close())
	}
	err = quickCheck(ctx, d.write)
	if err == nil {
		err = migrate(ctx, goose.DialectSQLite3, d.write)
	}
	if err == nil {
		err = openAll(ctx, d.read, readers)
	}
	if err != nil {
		return nil, errors.Join(explain(path, err), d.Close())
	}
	return d, nil
}

// makeFile makes an empty file, which is an empty database, so that its mode is
// ours and not the umask's; SQLite gives the files beside it the same mode.
func makeFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), syncDir(filepath.Dir(path)))
}

// syncDir makes the names in a directory survive a power cut.
func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// pool opens connections to the file. In WAL mode readers and the writer do not
// wait for each other; FULL syncs the log at every commit.
func pool(path string, connections int, option string) (*sql.DB, error) {
	return connect(path, connections, "_journal_mode=WAL&_synchronous=FULL&"+option)
}

func connect(path string, connections int, options string) (*sql.DB, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	name := "file:" + (&url.URL{Path: path}).EscapedPath() + "?_busy_timeout=5000&_foreign_keys=1&_dqs=0&_error_rc=1&" + options
	connector, err := sqlite.NewConnector(name)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// openAll opens all connections of a pool, and makes each read what tables there
// are. That takes some 200 KB and a few milliseconds of a connection, which it would
// otherwise take in whatever moment first needs several at once, to keep it from
// then on.
func openAll(ctx context.Context, db *sql.DB, connections int) (err error) {
	held := make([]*sql.Conn, connections)
	for i := range held {
		if held[i], err = db.Conn(ctx); err != nil {
			break
		}
		defer held[i].Close() //nolint:errcheck // it goes back into the pool
		if _, err = held[i].ExecContext(ctx, "SELECT 1 FROM sqlite_schema LIMIT 0"); err != nil {
			break
		}
	}
	return err
}

// quickCheck looks through the whole file for damage, but for the indexes
// (sqlite.org/pragma.html#pragma_quick_check): some 100 ms for 15 MB, 100,000 notifications.
func quickCheck(ctx context.Context, db *sql.DB) error {
	var verdict string
	if err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&verdict); err != nil {
		return err
	}
	if verdict != "ok" {
		return fmt.Errorf("%w: %s", ErrDamaged, verdict)
	}
	return nil
}

// explain adds to what SQLite says what a person can do about it.
func explain(path string, err error) error {
	code := 0
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		code = e.Code() & 0xff // without the extension
	}
	if code == sqlite3.SQLITE_CORRUPT {
		err = fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	switch {
	case errors.Is(err, ErrDamaged):
		return fmt.Errorf("%s: %w. It was left as it is: move it and the files %s-wal and -shm away, put a backup in its place or start without one", path, err, filepath.Base(path))
	case code == sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("%s is %w: %w; move it away or give another --data-dir", path, ErrNotDatabase, err)
	case code == sqlite3.SQLITE_CANTOPEN, code == sqlite3.SQLITE_READONLY, code == sqlite3.SQLITE_PERM:
		return fmt.Errorf("%s cannot be written: %w; change its permissions or give another --data-dir", path, err)
	case code == sqlite3.SQLITE_FULL:
		return fmt.Errorf("%s cannot be written: %w; make room on its disk or give another --data-dir", path, err)
	case code == sqlite3.SQLITE_BUSY:
		return fmt.Errorf("%s is in use by another program: %w; close that program", path, err)
	}
	return fmt.Errorf("open %s: %w", path, err)
}
