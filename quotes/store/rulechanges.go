package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/quotes/alert"
	"github.com/tickboard/tickboard/quotes/profile"
)

// deletionsKept is for how many numbers of changes a deletion is told. A process
// that hears of it later finds out when the rule is to fire.
const deletionsKept = 10_000

const (
	newestChangeSQL = `SELECT newest FROM counters WHERE name = 'changes'`
	noteRuleSQL     = `UPDATE rules SET changed = $2 WHERE id = $1`
	noteDeletionSQL = `INSERT INTO rule_deletions (rule, symbol, changed) VALUES ($1, $2, $3)`
	// Of a whole profile the number is known later than which rules there are.
	noteRulesSQL     = `UPDATE rules SET changed = $2 WHERE profile = $1`
	deleteRulesSQL   = `INSERT INTO rule_deletions (rule, symbol, changed) SELECT id, symbol, 0 FROM rules WHERE profile = $1`
	noteDeletionsSQL = `UPDATE rule_deletions SET changed = $1 WHERE changed = 0`
	oldDeletionsSQL  = `DELETE FROM rule_deletions WHERE changed < $1`
	// In one statement, so that it is of one moment.
	ruleChangesSQL = `SELECT * FROM (SELECT id, symbol, changed FROM rules WHERE changed > $1 ORDER BY changed LIMIT $2) AS present
		UNION ALL SELECT * FROM (SELECT rule, symbol, changed FROM rule_deletions WHERE changed > $1 ORDER BY changed LIMIT $2) AS gone
		ORDER BY changed LIMIT $2`
)

// ruleChanged takes the number of a change of a profile's rules. The error may
// wrap profile.ErrNoProfile.
func ruleChanged(ctx context.Context, tx *sql.Tx, id int64) (number int64, err error) {
	if number, err = countOn(ctx, tx, "changes"); err == nil {
		err = touchAt(ctx, tx, number, profile.ID(id), profile.Alerts)
	}
	return number, err
}

// noteRule notes that a rule was changed. The transaction has its row already.
func noteRule(ctx context.Context, tx *sql.Tx, of int64, id alert.RuleID) error {
	number, err := ruleChanged(ctx, tx, of)
	if err == nil {
		_, err = tx.ExecContext(ctx, noteRuleSQL, int64(id), number)
	}
	return err
}

// noteDeletion notes that a rule was deleted, and forgets those of long ago.
func noteDeletion(ctx context.Context, tx *sql.Tx, of int64, id alert.RuleID, symbol string) error {
	number, err := ruleChanged(ctx, tx, of)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, noteDeletionSQL, int64(id), symbol, number); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, oldDeletionsSQL, number-deletionsKept)
	return err
}

// RuleChanges implements alert.RuleStore.
func (d *DB) RuleChanges(ctx context.Context, after int64, limit int) (list []alert.RuleChange, newest int64, err error) {
	bounded, end, err := d.begin(ctx)
	if err != nil {
		return nil, 0, err
	}
	defer end()
	// The number alone is a sixth of the work, and mostly says that nothing is new.
	var top int64
	if err := d.read.QueryRowContext(bounded, newestChangeSQL).Scan(&top); err != nil {
		return nil, 0, fault(ctx, "read the newest change", err)
	}
	switch {
	case limit <= 0:
		return nil, top, nil
	case top <= after:
		return nil, after, nil
	}
	if list, newest, err = d.changedRules(bounded, after, limit); err != nil {
		return nil, 0, fault(ctx, "read which alerts have changed", err)
	}
	if len(list) < limit {
		newest = max(newest, top) // what is between them is of other things
	}
	for i := range list {
		c := &list[i]
		switch r, err := d.Rule(ctx, c.Rule.ID); {
		case err == nil:
			c.Rule = r
		case errors.Is(err, alert.ErrNoRule):
			c.Gone = true
		default:
			return nil, 0, err
		}
	}
	return list, newest, nil
}

// changedRules are the numbers and symbols of the rules that have changed.
func (d *DB) changedRules(ctx context.Context, after int64, limit int) (list []alert.RuleChange, newest int64, err error) {
	rows, err := d.read.QueryContext(ctx, ruleChangesSQL, after, limit)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err has it
	newest = after
	for rows.Next() {
		var c alert.RuleChange
		var symbol string
		if err := rows.Scan(&c.Rule.ID, &symbol, &newest); err != nil {
			return nil, 0, err
		}
		if c.Rule.Symbol, err = quotes.ParseSymbol(symbol); err != nil {
			return nil, 0, err
		}
		list = append(list, c)
	}
	return list, newest, rows.Err()
}
