package store

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/tickboard/tickboard/quotes/alert"
	"github.com/tickboard/tickboard/quotes/deliver"
	"github.com/tickboard/tickboard/quotes/profile"
)

const (
	rowColumns = `id, channel, profile, notification, payload, created, due, tries, state, error, ended`
	addRowSQL  = `INSERT INTO outbox (id, channel, profile, notification, payload, created, due, tries, state, error, ended, leased)
		VALUES ($1, $2, $3, $4, $5, $6, $6, 0, 'waiting', '', 0, 0)`
	addRowsSQL = `INSERT INTO outbox (id, channel, profile, notification, payload, created, due, tries, state, error, ended, leased)
		SELECT CAST($2 AS BIGINT) + ROW_NUMBER() OVER (ORDER BY c.id), c.id, c.profile, CAST($3 AS BIGINT), CAST($4 AS TEXT),
			CAST($5 AS BIGINT), CAST($5 AS BIGINT), 0, 'waiting', '', 0, 0 FROM channels c WHERE `
	countTakersSQL = `SELECT count(*) FROM channels c WHERE `

	// dueSQL goes from channel to channel by the index of what waits (a loose
	// index scan), so that a long row of one channel costs no more than a short one.
	dueSQL = `WITH RECURSIVE c (channel) AS (
			SELECT * FROM (SELECT channel FROM outbox WHERE state = 'waiting' AND notification <> 0 ORDER BY channel LIMIT 1) AS first
			UNION ALL
			SELECT (SELECT o.channel FROM outbox o WHERE o.state = 'waiting' AND o.notification <> 0 AND o.channel > c.channel
				ORDER BY o.channel LIMIT 1) FROM c WHERE c.channel IS NOT NULL
		)
		SELECT o.id, o.profile, o.due FROM c JOIN outbox o ON o.id = (SELECT h.id FROM outbox h
			WHERE h.state = 'waiting' AND h.notification <> 0 AND h.channel = c.channel ORDER BY h.id LIMIT 1)
			WHERE o.due <= $1 AND o.leased <= $1
		UNION ALL
		SELECT id, profile, due FROM outbox WHERE state = 'waiting' AND notification = 0 AND due <= $1 AND leased <= $1
		ORDER BY 3, 1 LIMIT $2`

	dueRowSQL    = `SELECT ` + rowColumns + ` FROM outbox WHERE id = $1 AND state = 'waiting' AND due <= $2 AND leased <= $2`
	beforeRowSQL = `SELECT count(*) FROM (SELECT 1 FROM outbox
		WHERE state = 'waiting' AND notification <> 0 AND channel = $1 AND id < $2 LIMIT 1) AS earlier`
	rateSQL     = `SELECT ended FROM outbox WHERE channel = $1 AND ended > 0 AND tries > 0 AND notification <> 0 ORDER BY ended DESC LIMIT 1 OFFSET $2`
	postponeSQL = `UPDATE outbox SET due = $2 WHERE id = $1 AND state = 'waiting'`
	giveUpSQL   = `UPDATE outbox SET state = 'dead', error = $2, ended = $3 WHERE channel = $1 AND state = 'waiting' AND notification <> 0`
	leaseSQL    = `UPDATE outbox SET leased = $3, tries = tries + 1 WHERE id = $1 AND state = 'waiting' AND leased <= $2 RETURNING tries`

	tookSQL   = `UPDATE channels SET delivered = $2, failing = 0, error = '' WHERE id = $1`
	failedSQL = `UPDATE channels SET failing = CASE WHEN failing = 0 THEN $2 ELSE failing END, error = $3 WHERE id = $1`
	offSQL    = `UPDATE channels SET enabled = 0, version = version + 1 WHERE id = $1`
	finishSQL = `UPDATE outbox SET state = $4, error = $5, due = $6, ended = $7, leased = 0
		WHERE id = $1 AND tries = $2 AND leased = $3 AND state = 'waiting'`
	freeSQL = `UPDATE outbox SET leased = 0 WHERE id = $1 AND tries = $2 AND leased = $3 AND state = 'waiting'`

	freeAllSQL = `UPDATE outbox SET leased = 0 WHERE state = 'waiting' AND leased > 0`

	backlogSQL     = `SELECT count(*), COALESCE(min(created), 0) FROM outbox WHERE state = 'waiting' AND notification <> 0`
	oldRowsSQL     = `SELECT EXISTS (SELECT id FROM outbox WHERE state = $1 AND ended > 0 AND ended < $2)`
	pruneOutboxSQL = `DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE state = $1 AND ended > 0 AND ended < $2 LIMIT $3)`
)

var _ deliver.Outbox = (*DB)(nil)

// OnOutbox makes hint be called after rows were added to the outbox, or could be.
// It must not block, and is set before the database is used.
func (d *DB) OnOutbox(hint func()) { d.outboxHint = hint }

func (d *DB) hintOutbox() {
	if d.outboxHint != nil {
		d.outboxHint()
	}
}

// addOutbox adds a row for each channel that a notification goes to, in the
// transaction that stores the notification.
func addOutbox(ctx context.Context, tx *sql.Tx, n *alert.Notification) error {
	which, arg := channelsFor(n)
	count, first := 0, int64(0)
	if err := tx.QueryRowContext(ctx, countTakersSQL+which, arg).Scan(&count); err != nil || count == 0 {
		return err
	}
	if err := tx.QueryRowContext(ctx, numberSQL, "outbox", count).Scan(&first); err != nil {
		return err
	}
	first -= int64(count)
	payload := *n
	payload.Deliver = "" // has been followed
	_, err := tx.ExecContext(ctx, addRowsSQL+which+` ORDER BY c.id LIMIT `+strconv.Itoa(count),
		arg, first, n.ID, string(payload.AppendJSON(nil)), time.Now().UnixMicro())
	return err
}

// channelsFor says which channels take a notification: a condition with one
// value. An alert's rule may name them; otherwise each says what it takes.
func channelsFor(n *alert.Notification) (condition string, value any) {
	const usable, watched = `c.enabled = 1 AND c.confirmed > 0 AND `, `c.messages = 1 AND EXISTS (SELECT 1 FROM lists l
		WHERE l.profile = c.profile AND l.deleted = 0 AND ',' || l.symbols || ',' LIKE CAST($1 AS TEXT) ESCAPE '!')`
	switch {
	case n.Watchers:
		return usable + watched, "%," + strings.ReplaceAll(n.Symbol.String(), "_", "!_") + ",%"
	case n.Profile == 0:
		return usable + `c.messages = $1`, 1
	case n.Kind != alert.KindAlert:
		return usable + `c.messages = 1 AND c.profile = $1`, n.Profile
	case n.Deliver == "":
		return usable + `c.alerts = 1 AND c.profile = $1`, n.Profile
	}
	named := []string{"0"}
	for name := range strings.SplitSeq(n.Deliver, ",") {
		if id, err := strconv.ParseInt(name, 10, 64); err == nil { // others are no channels
			named = append(named, strconv.FormatInt(id, 10))
		}
	}
	return usable + `c.id IN (` + strings.Join(named, ",") + `) AND c.profile = $1`, n.Profile
}

// Due implements deliver.Outbox.
func (d *DB) Due(ctx context.Context, now time.Time, limit int) ([]deliver.Due, error) {
	const tried = "read what is to be delivered"
	bounded, end, err := d.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	rows, err := d.read.QueryContext(bounded, dueSQL, now.UnixMicro(), max(limit, 0))
	if err != nil {
		return nil, fault(ctx, tried, err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err has it
	var list []deliver.Due
	for rows.Next() {
		var row deliver.Due
		var due int64 // of the order
		if err := rows.Scan(&row.ID, &row.Profile, &due); err != nil {
			return nil, fault(ctx, tried, err)
		}
		list = append(list, row)
	}
	if err := rows.Err(); err != nil {
		return nil, fault(ctx, tried, err)
	}
	return list, nil
}

// Lease implements deliver.Outbox.
func (d *DB) Lease(ctx context.Context, id deliver.RowID, now, until time.Time, rate deliver.Rate) (l deliver.Lease, ok bool, err error) {
	bounded, end, err := d.begin(ctx)
	if err != nil {
		return l, false, err
	}
	defer end()
	l.Until = time.UnixMicro(until.UnixMicro()).UTC()
	err = d.transaction(bounded, func(ctx context.Context, tx *sql.Tx) error {
		var err error
		l.Delivery, err = scanRow(tx.QueryRowContext(ctx, dueRowSQL, int64(id), now.UnixMicro()))
		if err == nil {
			ok, err = mayLease(ctx, tx, &l, now, rate)
		}
		if ok && err == nil {
			err = tx.QueryRowContext(ctx, leaseSQL, int64(id), now.UnixMicro(), l.Until.UnixMicro()).Scan(&l.Delivery.Tries)
		}
		if errors.Is(err, sql.ErrNoRows) { // another process was faster
			ok, err = false, nil
		}
		return err
	})
	return l, ok && err == nil, fault(ctx, "take what is to be delivered", err)
}

// mayLease looks at what is around a row that is due. A test waits for nothing.
func mayLease(ctx context.Context, tx *sql.Tx, l *deliver.Lease, now time.Time, rate deliver.Rate) (ok bool, err error) {
	row := &l.Delivery
	if l.Channel, err = scanChannel(tx.QueryRowContext(ctx, channelSQL, int64(row.Channel))); err != nil {
		return false, err // without a channel the row is gone too
	}
	if row.Notification == 0 {
		return true, nil
	}
	if !l.Channel.Usable() {
		_, err := tx.ExecContext(ctx, giveUpSQL, int64(row.Channel), "the channel was turned off", now.UnixMicro())
		return false, err
	}
	var earlier int
	if err := tx.QueryRowContext(ctx, beforeRowSQL, int64(row.Channel), int64(row.ID)).Scan(&earlier); err != nil || earlier > 0 {
		return false, err
	}
	var ended int64
	err = tx.QueryRowContext(ctx, rateSQL, int64(row.Channel), rate.Count-1).Scan(&ended)
	if errors.Is(err, sql.ErrNoRows) {
		return true, nil
	}
	if again := moment(ended).Add(rate.Per); err == nil && again.After(now) {
		_, err := tx.ExecContext(ctx, postponeSQL, int64(row.ID), again.UnixMicro())
		return false, err
	}
	return err == nil, err
}

// errLost says that a lease is another's by now.
var errLost = errors.New("the lease has passed")

// Finish implements deliver.Outbox.
func (d *DB) Finish(ctx context.Context, l deliver.Lease, now time.Time, r deliver.Result) (ok bool, err error) {
	bounded, end, err := d.begin(ctx)
	if err != nil {
		return false, err
	}
	defer end()
	err = d.transaction(bounded, func(ctx context.Context, tx *sql.Tx) error { return finish(ctx, tx, l, now, r) })
	if errors.Is(err, errLost) {
		return false, nil
	}
	return err == nil, fault(ctx, "store what was delivered", err)
}

// finish changes the channel first, as whoever deletes it does, so that none of
// the two waits for a row of the other.
func finish(ctx context.Context, tx *sql.Tx, l deliver.Lease, now time.Time, r deliver.Result) error {
	channel, at, row := int64(l.Channel.ID), now.UnixMicro(), &l.Delivery
	query, args := failedSQL, []any{channel, at, r.Error}
	if r.State == deliver.Delivered {
		query, args = tookSQL, args[:2]
	}
	if _, err := tx.ExecContext(ctx, query, args...); err != nil {
		return err
	}
	ended := at
	if r.State == deliver.Waiting {
		ended = 0
	}
	result, err := tx.ExecContext(ctx, finishSQL, int64(row.ID), row.Tries, l.Until.UnixMicro(),
		string(r.State), r.Error, micros(r.Due), ended)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, errLost)
	}
	switch {
	case r.Remove:
		if _, err = tx.ExecContext(ctx, deleteChannelSQL, channel, row.Profile); err == nil {
			_, err = tx.ExecContext(ctx, deleteChannelRowsSQL, channel, row.Profile)
		}
	case r.Close:
		if _, err = tx.ExecContext(ctx, offSQL, channel); err == nil {
			_, err = tx.ExecContext(ctx, giveUpSQL, channel, "the channel was turned off: "+r.Error, at)
		}
	case r.State == deliver.Delivered && row.Notification == 0: // it works again
		_, err = tx.ExecContext(ctx, hurrySQL, channel, at)
	}
	if err == nil && (r.Remove || r.Close) {
		err = touch(ctx, tx, profile.ID(row.Profile), profile.Presets)
	}
	return err
}

// Free implements deliver.Outbox.
func (d *DB) Free(ctx context.Context, l deliver.Lease) error {
	bounded, end, err := d.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	_, err = d.write.ExecContext(bounded, freeSQL, int64(l.Delivery.ID), l.Delivery.Tries, l.Until.UnixMicro())
	return fault(ctx, "give back what is to be delivered", err)
}

// FreeAll implements deliver.Outbox.
func (d *DB) FreeAll(ctx context.Context) error {
	bounded, end, err := d.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	_, err = d.write.ExecContext(bounded, freeAllSQL)
	return fault(ctx, "give back what is to be delivered", err)
}

// PruneOutbox implements deliver.Outbox. Where there is nothing to remove it only
// reads.
func (d *DB) PruneOutbox(ctx context.Context, delivered, dead time.Time) (int, error) {
	bounded, end, err := d.begin(ctx)
	if err != nil {
		return 0, err
	}
	defer end()
	removed := 0
	for state, before := range map[deliver.State]int64{deliver.Delivered: delivered.UnixMicro(), deliver.Dead: dead.UnixMicro()} {
		n, err := d.pruneRows(bounded, string(state), before)
		if err != nil {
			return removed, fault(ctx, "remove old deliveries", err)
		}
		removed += n
	}
	return removed, nil
}

// pruneRows removes a step of the rows that ended in a state before a time.
func (d *DB) pruneRows(ctx context.Context, state string, before int64) (int, error) {
	var some bool
	if err := d.read.QueryRowContext(ctx, oldRowsSQL, state, before).Scan(&some); err != nil || !some {
		return 0, err
	}
	result, err := d.write.ExecContext(ctx, pruneOutboxSQL, state, before, pruneStep)
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	return int(n), err
}

// Backlog implements deliver.Outbox.
func (d *DB) Backlog(ctx context.Context) (waiting int, since time.Time, err error) {
	bounded, end, err := d.begin(ctx)
	if err != nil {
		return 0, time.Time{}, err
	}
	defer end()
	var created int64
	err = d.read.QueryRowContext(bounded, backlogSQL).Scan(&waiting, &created)
	return waiting, moment(created), fault(ctx, "count what is to be delivered", err)
}

// scanRow reads one row of rowColumns.
func scanRow(row interface{ Scan(...any) error }) (r deliver.Delivery, err error) {
	var created, due, ended int64
	err = row.Scan(&r.ID, &r.Channel, &r.Profile, &r.Notification, &r.Payload, &created, &due, &r.Tries, &r.State, &r.Error, &ended)
	r.Created, r.Due, r.Ended = moment(created), moment(due), moment(ended)
	return r, err
}
