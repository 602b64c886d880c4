package store

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"slices"

	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/quotes/alert"
	"github.com/tickboard/tickboard/quotes/profile"
)

const (
	stateSQL = `UPDATE rules SET phase = $4, fired = $5, count = $6, day = $7, quote_version = $8, high = $9, low = $10
		WHERE id = $1 AND since <= $2 AND count = $3`
	ruleCountSQL = `SELECT count FROM rules WHERE id = $1 AND since <= $2`
	firingSQL    = `INSERT INTO firings (id, rule, profile, message, time, price, late, quote, symbol) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9)`
	historySQL   = `SELECT id, rule, message, time, price, late, quote FROM firings
		WHERE profile = $1 AND (rule = $2 OR $2 = 0) AND (symbol = $5 OR $5 = '') AND id < $3 ORDER BY id DESC LIMIT $4`
)

// Fire implements alert.RuleStore.
func (d *DB) Fire(ctx context.Context, batch []alert.Firing) ([]alert.Fired, error) {
	bounded, end, err := d.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	var fired []alert.Fired
	err = d.transaction(bounded, func(ctx context.Context, tx *sql.Tx) error {
		var err error
		fired, err = fire(ctx, tx, batch)
		return err
	})
	if err != nil {
		return nil, fault(ctx, "store alerts that fired", err)
	}
	d.hintOutbox()
	return fired, nil
}

// fire changes the states in the order of the rules' numbers, so that of several
// processes none waits for a row of another which waits for one of its own, and
// then adds the notifications of those that were there to fire.
func fire(ctx context.Context, tx *sql.Tx, batch []alert.Firing) ([]alert.Fired, error) {
	order := make([]int, len(batch))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return int(batch[a].Rule.ID - batch[b].Rule.ID) })
	fired := make([]alert.Fired, len(batch))
	for _, i := range order {
		outcome, err := changeState(ctx, tx, &batch[i])
		if err != nil {
			return nil, err
		}
		fired[i] = alert.Fired{Rule: batch[i].Rule.ID, Outcome: outcome}
	}
	var notes []*appending
	var from []int
	for i := range batch {
		if f := &batch[i]; fired[i].Outcome == alert.Stored && f.Quote != nil {
			notes, from = append(notes, &appending{n: f.Notification()}), append(from, i)
		}
	}
	if len(notes) > 0 {
		if err := insert(ctx, tx, notes); err != nil {
			return nil, err
		}
	}
	for k, i := range from {
		fired[i].Notification = notes[k].n
		if err := addFiring(ctx, tx, &batch[i], &notes[k].n); err != nil {
			return nil, err
		}
	}
	return fired, touchOwners(ctx, tx, batch, fired)
}

// touchOwners counts the change for the profiles of the rules whose states were
// stored.
func touchOwners(ctx context.Context, tx *sql.Tx, batch []alert.Firing, fired []alert.Fired) error {
	seen := make(map[int64]bool)
	for i := range batch {
		id := batch[i].Rule.Profile
		if fired[i].Outcome != alert.Stored || seen[id] {
			continue
		}
		seen[id] = true
		if err := touch(ctx, tx, profile.ID(id), profile.Alerts); err != nil {
			return err
		}
	}
	return nil
}

// changeState stores the state of a rule, if its version and count are the ones
// that the state follows.
func changeState(ctx context.Context, tx *sql.Tx, f *alert.Firing) (alert.Outcome, error) {
	r, s := &f.Rule, &f.Rule.State
	follows := s.Count
	if f.Quote != nil {
		follows--
	}
	result, err := tx.ExecContext(ctx, stateSQL, int64(r.ID), r.Version, follows,
		string(s.Phase), micros(s.Fired), s.Count, s.Day, s.At, text(s.High), text(s.Low))
	if err != nil {
		return 0, err
	}
	if n, err := result.RowsAffected(); err != nil || n == 1 {
		return alert.Stored, err
	}
	var count int64
	switch err := tx.QueryRowContext(ctx, ruleCountSQL, int64(r.ID), r.Version).Scan(&count); {
	case errors.Is(err, sql.ErrNoRows):
		return alert.LeftOut, nil
	case err != nil:
		return 0, err
	case f.Quote != nil && count >= s.Count:
		return alert.StoredThen, nil
	}
	return alert.LeftOut, nil
}

// addFiring adds an entry to the history.
func addFiring(ctx context.Context, tx *sql.Tx, f *alert.Firing, n *alert.Notification) error {
	_, err := tx.ExecContext(ctx, firingSQL, n.ID, int64(f.Rule.ID), f.Rule.Profile, n.Message, n.Time.UnixMicro(),
		text(f.Price), bit(f.Late), string(f.Quote.AppendJSON(nil)), f.Rule.Symbol.String())
	return err
}

// History implements alert.RuleStore.
func (d *DB) History(ctx context.Context, of alert.PastQuery) ([]alert.Past, error) {
	bounded, end, err := d.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	if of.Before == 0 {
		of.Before = math.MaxInt64
	}
	rows, err := d.read.QueryContext(bounded, historySQL, of.Profile, int64(of.Rule), of.Before, max(of.Limit, 0), of.Symbol.String())
	if err != nil {
		return nil, fault(ctx, "read what has fired", err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err has it
	var list []alert.Past
	for rows.Next() {
		p, err := scanPast(rows)
		if err != nil {
			return nil, fault(ctx, "read what has fired", err)
		}
		list = append(list, p)
	}
	if err := rows.Err(); err != nil {
		return nil, fault(ctx, "read what has fired", err)
	}
	return list, nil
}

func scanPast(rows *sql.Rows) (p alert.Past, err error) {
	var (
		time, late int64
		price      string
		quote      []byte
	)
	if err := rows.Scan(&p.Number, &p.Rule, &p.Message, &time, &price, &late, &quote); err != nil {
		return p, err
	}
	p.Time, p.Late = moment(time), late != 0
	if p.Price, err = number(price); err != nil {
		return p, err
	}
	var q quotes.StockQuote
	err = q.UnmarshalJSON(quote)
	p.Quote = q
	return p, err
}
