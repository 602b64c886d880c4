package store

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/quotes/alert"
	"github.com/tickboard/tickboard/quotes/profile"
)

const (
	standingSQL = `SELECT marks, read_to, cleared_to FROM profiles WHERE id = $1`
	readsSQL    = `SELECT notification, is_read FROM notification_marks WHERE profile = $1 AND notification BETWEEN $2 AND $3`

	readToSQL   = `UPDATE profiles SET read_to = CASE WHEN read_to < $2 THEN $2 ELSE read_to END WHERE id = $1`
	readAllSQL  = `UPDATE notification_marks SET is_read = 1 WHERE profile = $1 AND notification <= $2`
	readEachSQL = `INSERT INTO notification_marks (profile, notification, is_read, is_cleared)
		SELECT CAST($1 AS BIGINT), id, CAST($3 AS BIGINT), 0 FROM notifications WHERE id = $2 AND profile IN (0, $1)
		ON CONFLICT (profile, notification) DO UPDATE SET is_read = excluded.is_read`
	clearedToSQL = `SELECT cleared_to FROM profiles WHERE id = $1`
	clearToSQL   = `UPDATE profiles SET cleared_to = $2 WHERE id = $1`
	// Marks of what was cleared before need not be kept: that is not taken back any more.
	tidyMarksSQL = `DELETE FROM notification_marks WHERE profile = $1 AND notification <= $2`
	isClearedSQL = `SELECT COUNT(*) FROM notification_marks WHERE profile = $1 AND notification = $2 AND is_cleared = 1`
	clearEachSQL = `INSERT INTO notification_marks (profile, notification, is_read, is_cleared)
		SELECT CAST($1 AS BIGINT), id, CASE WHEN id <= (SELECT read_to FROM profiles WHERE profiles.id = $1) THEN 1 ELSE 0 END, 1
		FROM notifications WHERE id = $2 AND profile IN (0, $1)
		ON CONFLICT (profile, notification) DO UPDATE SET is_cleared = 1`
	restoreEachSQL = `UPDATE notification_marks SET is_cleared = 0 WHERE profile = $1 AND notification = $2`
	pruneMarksSQL  = `DELETE FROM notification_marks WHERE notification <= $1`
)

var _ alert.MarkStore = (*DB)(nil)

// place is a reader's in the log; the zero value is nobody's.
type place struct{ profile, version, readTo, clearedTo int64 }

func (d *DB) placeOf(ctx context.Context, profile int64) (place, error) {
	r := place{profile: profile}
	if profile == 0 {
		return r, nil
	}
	bounded, end, err := d.begin(ctx)
	if err != nil {
		return r, err
	}
	defer end()
	err = d.read.QueryRowContext(bounded, standingSQL, profile).Scan(&r.version, &r.readTo, &r.clearedTo)
	if errors.Is(err, sql.ErrNoRows) {
		return place{}, nil // it is gone
	}
	return r, fault(ctx, "read what was read", err)
}

// Noted implements alert.MarkStore. It reads in steps, because some of what the
// database finds falls to the audience's own look.
func (d *DB) Noted(ctx context.Context, q alert.Query) ([]alert.Noted, error) {
	r, err := d.placeOf(ctx, q.Profile)
	if err != nil {
		return nil, err
	}
	q.Text = fold(q.Text)
	list, step := []alert.Noted{}, q.Limit
	for len(list) < q.Limit {
		query, args := notedSQL(q, r, step)
		found, err := d.list(ctx, query, args...)
		if err != nil {
			return nil, err
		}
		reads, err := d.reads(ctx, q.Profile, found)
		if err != nil {
			return nil, err
		}
		for i := range found {
			n := &found[i]
			q.Before = n.ID
			if len(list) < q.Limit && q.Sees(n, q.Now) && contains(n, q.Text) {
				read, marked := reads[n.ID]
				list = append(list, alert.Noted{Notification: *n, Read: read || !marked && n.ID <= r.readTo})
			}
		}
		if len(found) < step {
			break
		}
		step = min(2*step, maxStep)
	}
	return list, nil
}

// maxStep bounds the rows that one step reads.
const maxStep = 1000

// params are the values of a query's parameters.
type params []any

// add returns the parameter for a value.
func (p *params) add(value any) string {
	*p = append(*p, value)
	return "$" + strconv.Itoa(len(*p))
}

// shown is the condition that a reader has not cleared a notification, and that
// it has not expired.
func (r *place) shown(p *params, now time.Time) string {
	return ` id > ` + p.add(r.clearedTo) + ` AND (expires = 0 OR expires > ` + p.add(now.UnixMicro()) + `)
		AND NOT EXISTS (SELECT 1 FROM notification_marks AS m
		WHERE m.profile = ` + p.add(r.profile) + ` AND m.notification = notifications.id AND m.is_cleared = 1) `
}

// unread is the condition that a reader has not read it: its own mark counts, or
// else how far all are read.
func (r *place) unread(p *params) string {
	return ` AND COALESCE((SELECT is_read FROM notification_marks AS m WHERE m.profile = ` + p.add(r.profile) + ` AND m.notification = notifications.id),
		CASE WHEN id <= ` + p.add(r.readTo) + ` THEN 1 ELSE 0 END) = 0 `
}

// both asks for what is for everybody and for what is for the reader alone, each
// by the index: what is for others is not read.
func (r *place) both(p *params, what, where string, limit int) string {
	half := func(profile, name string) string {
		return `SELECT * FROM (SELECT ` + what + ` FROM notifications WHERE profile = ` + profile + ` AND ` + where + ` ORDER BY id DESC LIMIT ` + strconv.Itoa(limit) + `) AS ` + name
	}
	if r.profile == 0 {
		return half("0", "everybodys")
	}
	return half("0", "everybodys") + ` UNION ALL ` + half(p.add(r.profile), "own")
}

// notedSQL is the query of one step.
func notedSQL(q alert.Query, r place, limit int) (string, []any) {
	var p params
	where := r.shown(&p, q.Now)
	if q.Before > 0 {
		where += ` AND id < ` + p.add(q.Before)
	}
	if q.Type != "" {
		where += ` AND type = ` + p.add(string(q.Type))
	}
	switch q.Kind {
	case "":
	case alert.KindAlert: // before there were kinds an alert was what had a rule
		where += ` AND (kind = 'alert' OR kind = '' AND rule <> '')`
	case alert.KindMessage:
		where += ` AND (kind = 'message' OR kind = '' AND rule = '')`
	default:
		where += ` AND kind = ` + p.add(string(q.Kind))
	}
	if !q.Symbol.IsZero() {
		where += ` AND symbol = ` + p.add(q.Symbol.String())
	}
	if run := plainRun(q.Text); run != "" {
		like := p.add("%" + likeText.Replace(run) + "%")
		where += ` AND (LOWER(message) LIKE ` + like + ` ESCAPE '\' OR LOWER(symbol) LIKE ` + like + ` ESCAPE '\')`
	}
	if q.Unread {
		where += r.unread(&p)
	}
	return r.both(&p, columns, where, limit) + ` ORDER BY id DESC LIMIT ` + strconv.Itoa(limit), p
}

// likeText lets a text stand for itself in LIKE.
var likeText = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// fold makes upper and lower case one.
func fold(text string) string { return strings.ToLower(strings.ToUpper(strings.TrimSpace(text))) }

// contains says whether a folded text is in the message or the symbol.
func contains(n *alert.Notification, text string) bool {
	return text == "" || strings.Contains(fold(n.Message), text) || strings.Contains(fold(n.Symbol.String()), text)
}

// plainRun is the longest part of a text whose case every database knows.
func plainRun(text string) (longest string) {
	for _, run := range strings.FieldsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
		if len(run) > len(longest) {
			longest = run
		}
	}
	return longest
}

// reads are the marks among the notifications of one step, newest first.
func (d *DB) reads(ctx context.Context, profile int64, found []alert.Notification) (map[int64]bool, error) {
	if profile == 0 || len(found) == 0 {
		return nil, nil
	}
	bounded, end, err := d.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	rows, err := d.read.QueryContext(bounded, readsSQL, profile, found[len(found)-1].ID, found[0].ID)
	if err != nil {
		return nil, fault(ctx, "read what was read", err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err has it
	reads := make(map[int64]bool)
	for rows.Next() {
		var id, read int64
		if err := rows.Scan(&id, &read); err != nil {
			return nil, fault(ctx, "read what was read", err)
		}
		reads[id] = read != 0
	}
	return reads, fault(ctx, "read what was read", rows.Err())
}

// Standing implements alert.MarkStore.
func (d *DB) Standing(ctx context.Context, a alert.Audience, upTo int64, now time.Time) (alert.Standing, error) {
	r, err := d.placeOf(ctx, a.Profile)
	if err != nil {
		return alert.Standing{}, err
	}
	bounded, end, err := d.begin(ctx)
	if err != nil {
		return alert.Standing{}, err
	}
	defer end()
	unread, err := d.unread(bounded, a, r, upTo, now)
	return alert.Standing{Unread: unread, Version: r.version}, fault(ctx, "count what is unread", err)
}

// unread counts the newest unread ones by symbol, as far as Standing counts:
// whether those for watchers count is the audience's own look.
func (d *DB) unread(ctx context.Context, a alert.Audience, r place, upTo int64, now time.Time) (int, error) {
	var p params
	where := r.shown(&p, now) + r.unread(&p)
	if upTo > 0 {
		where += ` AND id <= ` + p.add(upTo)
	}
	some := r.both(&p, `id, CASE WHEN watchers = 0 THEN '' ELSE symbol END AS watched`, where, alert.MostUnread)
	rows, err := d.read.QueryContext(ctx, `SELECT watched, COUNT(*) FROM (`+some+`) AS unread GROUP BY watched`, p...) //nolint:gosec // the query is put together of our own words, every value is a parameter
	if err != nil {
		return 0, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err has it
	sum := 0
	for rows.Next() {
		var watched string
		var count int
		if err := rows.Scan(&watched, &count); err != nil {
			return 0, err
		}
		if watched != "" {
			sym, err := quotes.ParseSymbol(watched)
			if err != nil || a.Watches == nil || !a.Watches(sym) {
				continue
			}
		}
		sum += count
	}
	return min(sum, alert.MostUnread), rows.Err()
}

// MarkRead implements alert.MarkStore.
func (d *DB) MarkRead(ctx context.Context, profile int64, which alert.Choice, read bool) error {
	return d.mark(ctx, profile, "mark notifications as read", func(ctx context.Context, tx *sql.Tx) error {
		upTo, err := given(ctx, tx, which.UpTo)
		if err != nil {
			return err
		}
		if upTo > 0 && read {
			if _, err := tx.ExecContext(ctx, readToSQL, profile, upTo); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, readAllSQL, profile, upTo); err != nil {
				return err
			}
		}
		for _, id := range which.IDs {
			if _, err := tx.ExecContext(ctx, readEachSQL, profile, id, bit(read)); err != nil {
				return err
			}
		}
		return nil
	})
}

// Clear implements alert.MarkStore.
func (d *DB) Clear(ctx context.Context, profile int64, which alert.Choice) (undo alert.Undo, err error) {
	err = d.mark(ctx, profile, "clear notifications", func(ctx context.Context, tx *sql.Tx) error {
		undo = alert.Undo{}
		upTo, err := given(ctx, tx, which.UpTo)
		if err == nil && upTo > 0 {
			err = clearTo(ctx, tx, profile, upTo, &undo)
		}
		if err != nil {
			return err
		}
		for _, id := range which.IDs {
			var already int
			if err := tx.QueryRowContext(ctx, isClearedSQL, profile, id).Scan(&already); err != nil {
				return err
			}
			if already > 0 {
				continue
			}
			if _, err := tx.ExecContext(ctx, clearEachSQL, profile, id); err != nil {
				return err
			}
			undo.IDs = append(undo.IDs, id)
		}
		return nil
	})
	return undo, err
}

// given is a number as far as numbers were given: nobody has read what is still
// to come.
func given(ctx context.Context, tx *sql.Tx, upTo int64) (int64, error) {
	if upTo == 0 {
		return 0, nil
	}
	var newest, pruned int64
	err := tx.QueryRowContext(ctx, boundsSQL).Scan(&newest, &pruned)
	return min(upTo, newest), err
}

func clearTo(ctx context.Context, tx *sql.Tx, profile, to int64, undo *alert.Undo) error {
	var before int64
	if err := tx.QueryRowContext(ctx, clearedToSQL, profile).Scan(&before); err != nil || to <= before {
		return err
	}
	if _, err := tx.ExecContext(ctx, tidyMarksSQL, profile, before); err != nil {
		return err
	}
	undo.UpTo, undo.InsteadOf = before, to
	_, err := tx.ExecContext(ctx, clearToSQL, profile, to)
	return err
}

// Restore implements alert.MarkStore.
func (d *DB) Restore(ctx context.Context, profile int64, what alert.Undo) error {
	return d.mark(ctx, profile, "restore notifications", func(ctx context.Context, tx *sql.Tx) error {
		if what.InsteadOf > 0 {
			var now int64
			if err := tx.QueryRowContext(ctx, clearedToSQL, profile).Scan(&now); err != nil {
				return err
			}
			again := now == what.UpTo && what.UpTo < what.InsteadOf // an answer got lost
			if !again && (now != what.InsteadOf || what.UpTo >= now) {
				return alert.ErrMarksMoved
			}
			if _, err := tx.ExecContext(ctx, clearToSQL, profile, what.UpTo); err != nil {
				return err
			}
		}
		for _, id := range what.IDs {
			if _, err := tx.ExecContext(ctx, restoreEachSQL, profile, id); err != nil {
				return err
			}
		}
		return nil
	})
}

// mark changes a profile's marks and gives them a new version. The number of the
// change is taken first, as by all who lock a profile's row.
func (d *DB) mark(ctx context.Context, id int64, what string, change func(context.Context, *sql.Tx) error) error {
	return d.do(ctx, what, func(ctx context.Context, tx *sql.Tx) error {
		if err := touchOwn(ctx, tx, profile.ID(id), profile.Marks); err != nil {
			return err
		}
		return change(ctx, tx)
	})
}
