// Package store is the database behind the notifications and the market's last
// quotes, and the data directory that holds it. What it says is stored survives
// a power cut. The database is SQLite; its SQL keeps to what PostgreSQL
// understands too.
//
//   - store.go          DB: opening, migrations, closing
//   - notifications.go  the notifications' log: reading and retention
//   - append.go         many who append at once share a transaction
//   - lastquotes.go     the newest quote of each symbol, for the next start
//   - instruments.go    the instruments of each feed, for a start without its list
//   - dir.go            Dir: the data directory, used by one process at a time
//   - token.go          the admin token in it
//   - lock.go           the lock on it
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/tickboard/tickboard/quotes/alert"
)

// Errors that Open and a DB's methods wrap.
var (
	ErrNotDatabase = errors.New("not a tickboard database")
	ErrNewer       = errors.New("the database is of a newer tickboard")
	ErrClosed      = errors.New("the database is closed")
)

// readers is how many reads run at once; more wait for their turn.
const readers = 4

//go:embed migrations/*.sql
var migrations embed.FS

// DB is an open database. Any number may call its methods at once; each blocks
// for the disk.
type DB struct {
	path  string
	write *sql.DB // one connection
	read  *sql.DB

	// turn has capacity 1: whoever put its token in writes what waits.
	turn chan struct{}

	mu      sync.Mutex
	waiting []*appending   // guarded by mu
	closed  bool           // guarded by mu
	users   sync.WaitGroup // calls under way; none is added once closed
}

var _ alert.Store = (*DB)(nil)

// Open opens the database file, which it makes, readable by its owner alone, if
// it is not there, and brings its tables up to date. An error says what to do.
func Open(ctx context.Context, path string) (*DB, error) {
	if err := makeFile(path); err != nil {
		return nil, fmt.Errorf("open the database: %w; give another --data-dir or make this one writable", err)
	}
	d := &DB{path: path, turn: make(chan struct{}, 1)}
	var err error
	if d.write, err = pool(path, 1, "_txlock=immediate"); err != nil {
		return nil, err
	}
	if d.read, err = pool(path, readers, "_query_only=1"); err != nil {
		return nil, errors.Join(err, d.write.Close())
	}
	if err := migrate(ctx, d.write); err != nil {
		return nil, errors.Join(explain(path, err), d.Close())
	}
	return d, nil
}

// Close waits for the calls under way, refuses later ones with ErrClosed and
// closes the file. Calling it twice does nothing.
func (d *DB) Close() error {
	d.mu.Lock()
	closed := d.closed
	d.closed = true
	d.mu.Unlock()
	d.users.Wait()
	if closed {
		return nil
	}
	return errors.Join(d.read.Close(), d.write.Close())
}

// begin counts one more call under way; who got no error calls d.users.Done.
func (d *DB) begin(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return ErrClosed
	}
	d.users.Add(1)
	return nil
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
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	name := "file:" + (&url.URL{Path: path}).EscapedPath() +
		"?_busy_timeout=5000&_journal_mode=WAL&_synchronous=FULL&_foreign_keys=1&_dqs=0&_error_rc=1&" + option
	connector, err := sqlite.NewConnector(name)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// migrate brings the tables up to date.
func migrate(ctx context.Context, db *sql.DB) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files,
		goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return err
	}
	have, known, err := p.GetVersions(ctx)
	if err != nil {
		return err
	}
	if have > known {
		return fmt.Errorf("%w: it has version %d of the tables, this program knows %d; run the newer program", ErrNewer, have, known)
	}
	_, err = p.Up(ctx)
	return err
}

// explain adds to what SQLite says what a person can do about it.
func explain(path string, err error) error {
	code := 0
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		code = e.Code() & 0xff // without the extension
	}
	switch code {
	case sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT:
		return fmt.Errorf("%s is %w: %w; move it away or give another --data-dir", path, ErrNotDatabase, err)
	case sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM:
		return fmt.Errorf("%s cannot be written: %w; change its permissions or give another --data-dir", path, err)
	case sqlite3.SQLITE_BUSY:
		return fmt.Errorf("%s is in use by another program: %w; close that program", path, err)
	}
	return fmt.Errorf("open %s: %w", path, err)
}
