package store

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"github.com/tickboard/tickboard/quotes/alert"
)

const (
	countSQL  = `UPDATE notification_log SET newest = newest + $1 WHERE one = 1 RETURNING newest`
	insertSQL = `INSERT INTO notifications (` + columns + `) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14)`
)

// appending is one call of Append that waits.
type appending struct {
	n    alert.Notification
	err  error
	done chan struct{} // closed when n is stored or err is set
}

// Append implements alert.Store. A commit waits for the disk; calls that come
// meanwhile wait together and share the next one. When ctx ends while its
// transaction is being written, Append waits for the outcome and returns that.
func (d *DB) Append(ctx context.Context, n alert.Notification) (alert.Notification, error) {
	if err := n.Validate(); err != nil {
		return alert.Notification{}, err
	}
	_, end, err := d.begin(ctx)
	if err != nil {
		return alert.Notification{}, err
	}
	defer end()
	n.Time, n.Expires = time.UnixMicro(n.Time.UnixMicro()).UTC(), moment(micros(n.Expires))
	a := &appending{n: n, done: make(chan struct{})}
	d.mu.Lock()
	d.waiting = append(d.waiting, a)
	d.mu.Unlock()
	select {
	case d.turn <- struct{}{}:
		d.writeWaiting(ctx)
		<-d.turn
	case <-a.done:
	case <-ctx.Done():
		if d.withdraw(a) {
			return alert.Notification{}, ctx.Err()
		}
	}
	<-a.done
	if a.err != nil {
		return alert.Notification{}, a.err
	}
	return a.n, nil
}

// withdraw takes a back, unless somebody is writing it already.
func (d *DB) withdraw(a *appending) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	i := slices.Index(d.waiting, a)
	if i >= 0 {
		d.waiting = slices.Delete(d.waiting, i, i+1)
	}
	return i >= 0
}

// writeWaiting stores all that waits, in one transaction. The caller has the
// turn; its context must not end what belongs to others.
func (d *DB) writeWaiting(ctx context.Context) {
	d.mu.Lock()
	all := d.waiting
	d.waiting = nil
	d.mu.Unlock()
	if len(all) == 0 {
		return
	}
	ctx = context.WithoutCancel(ctx)
	bounded, cancel := d.bound(ctx)
	defer cancel()
	err := d.transaction(bounded, func(ctx context.Context, tx *sql.Tx) error {
		return insert(ctx, tx, all)
	})
	if err == nil {
		d.hintOutbox()
	}
	err = fault(ctx, "store a notification", err)
	for _, a := range all {
		a.err = err
		close(a.done)
	}
}

// insert numbers all and adds their rows, and those of the outbox.
func insert(ctx context.Context, tx *sql.Tx, all []*appending) error {
	var newest int64
	if err := tx.QueryRowContext(ctx, countSQL, len(all)).Scan(&newest); err != nil {
		return err
	}
	stmt, err := tx.PrepareContext(ctx, insertSQL)
	if err != nil {
		return err
	}
	defer stmt.Close() //nolint:errcheck // it ends with the transaction anyway
	first := newest - int64(len(all)) + 1
	for i, a := range all {
		n := &a.n
		n.ID = first + int64(i)
		_, err := stmt.ExecContext(ctx, n.ID, string(n.Type), n.Message, n.Time.UnixMicro(), n.Symbol.String(), text(n.Price), n.Rule,
			int64(n.RuleID), n.Profile, bit(n.Watchers), string(n.Kind), n.Link, micros(n.Expires), n.Deliver)
		if err == nil {
			err = addOutbox(ctx, tx, n)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
