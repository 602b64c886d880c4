package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/tickboard/tickboard/quotes/profile"
)

// Exec runs one statement, for tests that make a database as others would.
func Exec(d *DB, statement string) error {
	_, err := d.write.Exec(statement)
	return err
}

// AddProfile makes a profile of a given number, unless there is one.
func AddProfile(d *DB, id int64) error {
	_, err := d.write.Exec(`INSERT INTO profiles (id, created, seen, settings, lists, alerts, marks, settings_version, changed, read_to, cleared_to)
		VALUES ($1, 1, 1, '{}', 0, 0, 0, 0, 0, 0, 0) ON CONFLICT (id) DO NOTHING`, id)
	return err
}

// Pragma is a setting of the connection that writes.
func Pragma(d *DB, name string) (value string, err error) {
	err = d.write.QueryRow("PRAGMA " + name).Scan(&value)
	return value, err
}

// HoldWriter keeps the writer busy, as a slow disk does, until release is called.
func HoldWriter(d *DB) (release func()) {
	d.turn <- struct{}{}
	return func() { <-d.turn }
}

// HoldConnection keeps transactions from beginning until release is called.
func HoldConnection(d *DB) (release func() error, err error) {
	conn, err := d.write.Conn(context.Background())
	if err != nil {
		return nil, err
	}
	return conn.Close, nil
}

// Waiting is how many calls of Append wait.
func Waiting(d *DB) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.waiting)
}

// Limit sets how long one call may take.
func Limit(d *DB, limit time.Duration) { d.limit = limit }

// MigrateTo makes a database as the program was that knew so many migrations, and
// fills it with what it could have stored.
func MigrateTo(ctx context.Context, address string, version int64, statements ...string) (latest int64, err error) {
	dialect, db := goose.DialectSQLite3, (*sql.DB)(nil)
	if strings.HasPrefix(address, "postgres://") {
		cfg, err := parsePostgres(address)
		if err != nil {
			return 0, err
		}
		dialect, db = goose.DialectPostgres, postgresPool(cfg, 2)
	} else if db, err = pool(address, 1, "_txlock=immediate"); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	p, err := provider(dialect, db)
	if err != nil {
		return 0, err
	}
	if version > 0 {
		if _, err := p.UpTo(ctx, version); err != nil {
			return 0, err
		}
	}
	for _, statement := range statements {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return 0, err
		}
	}
	_, latest, err = p.GetVersions(ctx)
	return latest, err
}

// LockCount begins a transaction that holds the log's count, and leaves it.
func LockCount(d *DB) (release func(), err error) {
	tx, err := d.write.Begin()
	if err != nil {
		return nil, err
	}
	_, err = tx.Exec(`UPDATE notification_log SET newest = newest`)
	return func() { _ = tx.Rollback() }, err
}

// Setting is a setting of PostgreSQL's session.
func Setting(d *DB, name string) (value string, err error) {
	err = d.write.QueryRow("SHOW " + name).Scan(&value)
	return value, err
}

// Writing says that a call of Append is in its transaction.
func Writing(d *DB) bool { return len(d.turn) == 1 && Waiting(d) == 0 }

// Touch counts a change of a profile's things, as whoever changes them does.
func Touch(ctx context.Context, d *DB, id profile.ID, things ...profile.Thing) error {
	return d.do(ctx, "touch", func(ctx context.Context, tx *sql.Tx) error { return touch(ctx, tx, id, things...) })
}

// Count is how many rows a table has.
func Count(d *DB, table string) (n int, err error) {
	err = d.read.QueryRow("SELECT COUNT(*) FROM " + table).Scan(&n)
	return n, err
}
