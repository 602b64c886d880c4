// Package store is the database behind the notifications, people's own things and
// the market's last quotes, and the data directory that is beside it. What it says
// is stored survives a power cut. The database is a SQLite file, or a PostgreSQL
// that several processes share: with the same tables, and SQL that both understand.
//
//   - store.go          DB: what both databases have in common, closing
//   - sqlite.go         opening the file
//   - postgres.go       reaching the server
//   - migrate.go        the tables, brought up to date
//   - fault.go          what an error of a database means to the others
//   - notifications.go  the notifications' log: reading
//   - prune.go          the notifications' log: retention
//   - append.go         many who append at once share a transaction
//   - rules.go          the alerts that people set
//   - rulesgone.go      those that were deleted, and brought back
//   - rulechanges.go    which of them have changed, for processes that watch
//   - firings.go        what fired: state, notification and history in one transaction
//   - profiles.go       who is who; beside it profiles_move.go: devices that come, profiles that go
//   - lists.go          watchlists
//   - export.go         all of a profile, for its owner
//   - lastquotes.go     the newest quote of each symbol, for the next start
//   - instruments.go    the instruments of each feed, for a start without its list
//   - serverkeys.go     the keys that all processes share
//   - channels.go       ways to reach people; beside it channelsmove.go: those that a device brings
//   - outbox.go         what is to be delivered there
//   - backup.go         a copy of the file while it is in use
//   - dir.go            Dir: the data directory, used by one process at a time
//   - token.go          the admin token in it
//   - lock.go           the lock on it
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/quotes/alert"
)

// Errors that opening a database and a DB's methods wrap.
var (
	ErrNotDatabase = errors.New("not a tickboard database")
	ErrDamaged     = errors.New("the database is damaged")
	ErrNewer       = errors.New("the database is of a newer tickboard")
	ErrClosed      = errors.New("the database is closed")
)

// readers is how many reads run at once; more wait for their turn.
const readers = 4

// DB is an open database. Any number may call its methods at once; each blocks
// for the disk or the network. An error that is the database's, and none of the
// caller's, wraps one of quotes.ErrStorage; the next call tries anew.
type DB struct {
	name  string
	write *sql.DB // one connection
	read  *sql.DB
	limit time.Duration // how long one call may take; 0 is for ever
	// life ends the calls of a server that does not answer when the database is
	// closed; no call has it from its caller.
	life    context.Context
	endLife context.CancelFunc

	// turn has capacity 1: whoever put its token in writes what waits.
	turn chan struct{}

	outboxHint func() // set before use

	mu      sync.Mutex
	waiting []*appending   // guarded by mu
	closed  bool           // guarded by mu
	users   sync.WaitGroup // calls under way; none is added once closed
}

var _ alert.Store = (*DB)(nil)

// newDB is a database without connections.
func newDB(name string, limit time.Duration) *DB {
	d := &DB{name: name, limit: limit, turn: make(chan struct{}, 1)}
	d.life, d.endLife = context.WithCancel(context.Background())
	return d
}

// String names the database for a log: the file, or the server and the
// database on it, without user and password.
func (d *DB) String() string { return d.name }

// closeTime is how long Close waits for a server that does not answer, twice.
const closeTime = 500 * time.Millisecond

// Close waits for the calls under way, refuses later ones with ErrClosed and
// closes the connections. For a PostgreSQL that has fallen silent it waits no
// longer than a second; calls that are under way then fail. Calling it twice does
// nothing.
func (d *DB) Close() error {
	d.mu.Lock()
	closed := d.closed
	d.closed = true
	d.mu.Unlock()
	hurry := time.AfterFunc(closeTime, d.endLife)
	d.users.Wait()
	hurry.Stop()
	d.endLife()
	if closed {
		return nil
	}
	if d.limit == 0 {
		return errors.Join(d.read.Close(), d.write.Close())
	}
	done := make(chan error, 1)
	go func() { done <- errors.Join(d.read.Close(), d.write.Close()) }()
	select {
	case err := <-done:
		return err
	case <-time.After(closeTime):
		return fmt.Errorf("close the database: %w", quotes.ErrStorageAway)
	}
}

// begin counts one more call under way; who got no error calls end. The context
// that it returns ends when the call has taken too long.
func (d *DB) begin(ctx context.Context) (_ context.Context, end func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, nil, ErrClosed
	}
	d.users.Add(1)
	ctx, cancel := d.bound(ctx)
	return ctx, func() { cancel(); d.users.Done() }, nil
}

// bound gives a context the limits of one call.
func (d *DB) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	if d.limit == 0 {
		return ctx, func() {}
	}
	ctx, cancel := context.WithTimeout(ctx, d.limit)
	stop := context.AfterFunc(d.life, cancel)
	return ctx, func() { stop(); cancel() }
}

// transaction runs do in a transaction of the one connection that writes.
func (d *DB) transaction(ctx context.Context, do func(context.Context, *sql.Tx) error) error {
	tx, err := d.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // does nothing after Commit
	if err := do(ctx, tx); err != nil {
		return err
	}
	return tx.Commit()
}
