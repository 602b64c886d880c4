package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/quotes/alert"
	"github.com/tickboard/tickboard/quotes/profile"
)

const (
	ruleColumns = `id, profile, symbol, condition, level, time_window, hysteresis, repeats, cooldown, sessions, note,
		expires, paused, created, version, phase, fired, count, day, quote_version, high, low, deliver, since`
	rulesSQL      = `SELECT ` + ruleColumns + ` FROM rules WHERE id > $1 ORDER BY id LIMIT $2`
	rulesOfSQL    = `SELECT ` + ruleColumns + ` FROM rules WHERE profile = $1 ORDER BY id`
	ruleSQL       = `SELECT ` + ruleColumns + ` FROM rules WHERE id = $1`
	ruleNumberSQL = `UPDATE rule_numbers SET newest = newest + 1 WHERE one = 1 RETURNING newest`
	addRuleSQL    = `INSERT INTO rules (` + ruleColumns + `, changed) ` + ruleValues
	ruleValues    = `VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21,$22,$23,$24,$25)`
	updateRuleSQL = `UPDATE rules SET condition = $4, level = $5, time_window = $6, hysteresis = $7, repeats = $8,
		cooldown = $9, sessions = $10, note = $11, expires = $12, paused = $13, version = version + 1, phase = $14,
		fired = $15, day = $16, quote_version = $17, high = $18, low = $19, deliver = $20, since = version + 1
		WHERE id = $1 AND profile = $2 AND version = $3 RETURNING ` + ruleColumns
	editRuleSQL = `UPDATE rules SET cooldown = $4, note = $5, expires = $6, deliver = $7, version = version + 1
		WHERE id = $1 AND profile = $2 AND version = $3 RETURNING ` + ruleColumns
	ownRuleSQL    = `SELECT version FROM rules WHERE id = $1 AND profile = $2`
	countRulesSQL = `SELECT count(*) FROM rules WHERE profile = $1`
	deleteRuleSQL = `DELETE FROM rules WHERE id = $1 AND profile = $2 RETURNING ` + ruleColumns
)

var _ alert.RuleStore = (*DB)(nil)

// Rules implements alert.RuleStore.
func (d *DB) Rules(ctx context.Context, after alert.RuleID, limit int) ([]alert.Rule, error) {
	return d.listRules(ctx, rulesSQL, int64(after), max(limit, 0))
}

// RulesOf implements alert.RuleStore.
func (d *DB) RulesOf(ctx context.Context, profile int64) ([]alert.Rule, error) {
	return d.listRules(ctx, rulesOfSQL, profile)
}

// Rule implements alert.RuleStore.
func (d *DB) Rule(ctx context.Context, id alert.RuleID) (alert.Rule, error) {
	list, err := d.listRules(ctx, ruleSQL, int64(id))
	if err == nil && len(list) == 0 {
		err = alert.ErrNoRule
	}
	if err != nil {
		return alert.Rule{}, err
	}
	return list[0], nil
}

func (d *DB) listRules(ctx context.Context, query string, args ...any) ([]alert.Rule, error) {
	bounded, end, err := d.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	rows, err := d.read.QueryContext(bounded, query, args...)
	if err != nil {
		return nil, fault(ctx, "read alerts", err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err has it
	var list []alert.Rule
	for rows.Next() {
		r, err := scanRule(rows)
		if err != nil {
			return nil, fault(ctx, "read alerts", err)
		}
		list = append(list, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fault(ctx, "read alerts", err)
	}
	return list, nil
}

// AddRule implements alert.RuleStore.
func (d *DB) AddRule(ctx context.Context, r alert.Rule, most int) (alert.Rule, error) {
	bounded, end, err := d.begin(ctx)
	if err != nil {
		return alert.Rule{}, err
	}
	defer end()
	var stored alert.Rule
	var refused error
	err = d.transaction(bounded, func(ctx context.Context, tx *sql.Tx) error {
		// Its lock makes those who add wait for each other, so that the count holds.
		if err := tx.QueryRowContext(ctx, ruleNumberSQL).Scan(&r.ID); err != nil {
			return err
		}
		var have int
		if err := tx.QueryRowContext(ctx, countRulesSQL, r.Profile).Scan(&have); err != nil {
			return err
		}
		if most > 0 && have >= most {
			refused = tooManyRules(have, most)
			return nil
		}
		number, err := ruleChanged(ctx, tx, r.Profile)
		if errors.Is(err, profile.ErrNoProfile) {
			refused = err
			return nil
		}
		if err != nil {
			return err
		}
		r.Version, r.Since = 1, 1
		if err := insertRule(ctx, tx, addRuleSQL, &r, number); err != nil {
			return err
		}
		stored, err = scanRule(tx.QueryRowContext(ctx, ruleSQL, int64(r.ID)))
		return err
	})
	if err != nil {
		return alert.Rule{}, fault(ctx, "store an alert", err)
	}
	return stored, refused
}

// insertRule adds a rule to one of the tables that have them, with the column that
// is the table's own.
func insertRule(ctx context.Context, tx *sql.Tx, statement string, r *alert.Rule, own int64) error {
	s := &r.State
	_, err := tx.ExecContext(ctx, statement, int64(r.ID), r.Profile, r.Symbol.String(), string(r.Condition), text(r.Level),
		r.Window.Microseconds(), text(r.Hysteresis), string(r.Repeat), r.Cooldown.Microseconds(), string(r.Sessions), r.Note,
		micros(r.Expires), bit(r.Paused), micros(r.Created), r.Version, string(s.Phase), micros(s.Fired), s.Count, s.Day, s.At,
		text(s.High), text(s.Low), r.Deliver, r.Since, own)
	return err
}

// UpdateRule implements alert.RuleStore.
func (d *DB) UpdateRule(ctx context.Context, r alert.Rule, anew bool) (alert.Rule, error) {
	bounded, end, err := d.begin(ctx)
	if err != nil {
		return alert.Rule{}, err
	}
	defer end()
	var stored alert.Rule
	var refused error
	err = d.transaction(bounded, func(ctx context.Context, tx *sql.Tx) error {
		var err error
		if stored, err = updateRule(ctx, tx, r, anew); err == nil {
			return noteRule(ctx, tx, r.Profile, r.ID)
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		var version int64
		if err = tx.QueryRowContext(ctx, ownRuleSQL, int64(r.ID), r.Profile).Scan(&version); errors.Is(err, sql.ErrNoRows) {
			refused = alert.ErrNoRule
			return nil
		}
		refused = alert.ErrRuleChanged
		return err
	})
	if err != nil {
		return alert.Rule{}, fault(ctx, "change an alert", err)
	}
	return stored, refused
}

func updateRule(ctx context.Context, tx *sql.Tx, r alert.Rule, anew bool) (alert.Rule, error) {
	if !anew {
		return scanRule(tx.QueryRowContext(ctx, editRuleSQL, int64(r.ID), r.Profile, r.Version,
			r.Cooldown.Microseconds(), r.Note, micros(r.Expires), r.Deliver))
	}
	s := &r.State
	return scanRule(tx.QueryRowContext(ctx, updateRuleSQL, int64(r.ID), r.Profile, r.Version, string(r.Condition),
		text(r.Level), r.Window.Microseconds(), text(r.Hysteresis), string(r.Repeat), r.Cooldown.Microseconds(),
		string(r.Sessions), r.Note, micros(r.Expires), bit(r.Paused), string(s.Phase), micros(s.Fired), s.Day, s.At,
		text(s.High), text(s.Low), r.Deliver))
}

// scanRule reads one row of ruleColumns.
func scanRule(row interface{ Scan(...any) error }) (r alert.Rule, err error) {
	var (
		symbol, level, back, high, low                    string
		window, cooldown, expires, paused, created, fired int64
	)
	s := &r.State
	if err := row.Scan(&r.ID, &r.Profile, &symbol, &r.Condition, &level, &window, &back, &r.Repeat, &cooldown, &r.Sessions,
		&r.Note, &expires, &paused, &created, &r.Version, &s.Phase, &fired, &s.Count, &s.Day, &s.At, &high, &low, &r.Deliver, &r.Since); err != nil {
		return r, err
	}
	if r.Symbol, err = quotes.ParseSymbol(symbol); err != nil {
		return r, fmt.Errorf("rule %d: %w", r.ID, err)
	}
	for _, n := range [...]struct {
		text string
		into *decimal.NullDecimal
	}{{level, &r.Level}, {back, &r.Hysteresis}, {high, &s.High}, {low, &s.Low}} {
		if *n.into, err = number(n.text); err != nil {
			return r, fmt.Errorf("rule %d: %w", r.ID, err)
		}
	}
	r.Window, r.Cooldown = time.Duration(window)*time.Microsecond, time.Duration(cooldown)*time.Microsecond
	r.Expires, r.Created, s.Fired, r.Paused = moment(expires), moment(created), moment(fired), paused != 0
	return r, nil
}

// text is a decimal as it is stored, number what was stored.
func text(d decimal.NullDecimal) string {
	if !d.Valid {
		return ""
	}
	return quotes.FormatDecimal(d.Decimal)
}

func number(text string) (decimal.NullDecimal, error) {
	if text == "" {
		return decimal.NullDecimal{}, nil
	}
	d, err := quotes.ParseDecimal(text)
	return quotes.Some(d), err
}

// micros is a time as it is stored, moment what was stored.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func moment(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
