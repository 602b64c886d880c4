package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/tickboard/tickboard/quotes"
)

// fault says what was tried, and makes one of quotes.ErrStorage of an error
// that is one. The context is the caller's: when it has ended, the error wraps
// how, whatever the database has made of it. A time limit of our own is not the
// caller's, and is not wrapped. Of nil it makes nil.
func fault(ctx context.Context, tried string, err error) error {
	if err == nil {
		return nil
	}
	ended, kind := ctx.Err(), storageKind(err)
	switch {
	case ended != nil && !errors.Is(err, ended):
		return fmt.Errorf("%s: %w: %w", tried, ended, err)
	case ended == nil && kind != nil:
		return fmt.Errorf("%s: %w: %s", tried, kind, oneLine(err))
	}
	return fmt.Errorf("%s: %w", tried, err)
}

// storageKind is the one of quotes.ErrStorage that an error is, nil for none.
func storageKind(err error) error {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return sqliteKind(e.Code() & 0xff) // without the extension
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return postgresKind(e.Code)
	}
	_, connecting := errors.AsType[*pgconn.ConnectError](err)
	_, network := errors.AsType[net.Error](err) // a deadline that has passed is one too
	if connecting || network || errors.Is(err, driver.ErrBadConn) || errors.Is(err, context.Canceled) /* by Close */ || errors.Is(err, pgconn.ErrConnClosed) || pgconn.SafeToRetry(err) || cutOff(err) {
		return quotes.ErrStorageAway
	}
	return nil
}

// sqliteKind goes by the result codes (sqlite.org/rescode.html).
func sqliteKind(code int) error {
	switch code {
	case sqlite3.SQLITE_FULL:
		return quotes.ErrStorageFull
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN:
		return quotes.ErrStorageReadOnly
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR:
		return quotes.ErrStorageAway
	}
	return nil
}

// postgresKind goes by the error codes (PostgreSQL manual, appendix A).
func postgresKind(code string) error {
	switch code {
	case "53100": // disk_full
		return quotes.ErrStorageFull
	case "25006": // read_only_sql_transaction
		return quotes.ErrStorageReadOnly
	case "55P03", "25P03", "57014": // lock_not_available, idle_in_transaction_session_timeout, query_canceled by a time limit
		return quotes.ErrStorageAway
	}
	switch code[:min(2, len(code))] {
	case "08", "40", "53", "57", "58", "28": // connection, rollback, resources, operator, system, a password that was changed
		return quotes.ErrStorageAway
	}
	return nil
}

// cutOff says that a connection ended in the middle.
func cutOff(err error) bool {
	for _, end := range []error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, sql.ErrTxDone} {
		if errors.Is(err, end) {
			return true
		}
	}
	return false
}

// oneLine is an error's text without line breaks, for a log.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
