package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/tickboard/tickboard/quotes/alert"
)

const (
	keepRuleSQL  = `INSERT INTO deleted_rules (` + ruleColumns + `, deleted) ` + ruleValues
	goneRuleSQL  = `SELECT ` + ruleColumns + ` FROM deleted_rules WHERE id = $1 AND profile = $2 AND deleted > $3`
	takeRuleSQL  = `DELETE FROM deleted_rules WHERE id = $1`
	isBackSQL    = `DELETE FROM rule_deletions WHERE rule = $1`
	oldRulesSQL  = `DELETE FROM deleted_rules WHERE deleted <= $1`
	lockRulesSQL = `UPDATE rule_numbers SET newest = newest WHERE one = 1`
)

// DeleteRule implements alert.RuleStore.
func (d *DB) DeleteRule(ctx context.Context, profile int64, id alert.RuleID) error {
	bounded, end, err := d.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	var refused error
	err = d.transaction(bounded, func(ctx context.Context, tx *sql.Tx) error {
		r, err := scanRule(tx.QueryRowContext(ctx, deleteRuleSQL, int64(id), profile))
		if errors.Is(err, sql.ErrNoRows) {
			refused = alert.ErrNoRule
			return nil
		}
		if err == nil {
			err = insertRule(ctx, tx, keepRuleSQL, &r, time.Now().UnixMicro())
		}
		if err != nil {
			return err
		}
		return noteDeletion(ctx, tx, profile, id, r.Symbol.String())
	})
	if err != nil {
		return fault(ctx, "delete an alert", err)
	}
	return refused
}

// RestoreRule implements alert.RuleStore.
func (d *DB) RestoreRule(ctx context.Context, profile int64, id alert.RuleID, deletedAfter time.Time, most int) (r alert.Rule, err error) {
	bounded, end, err := d.begin(ctx)
	if err != nil {
		return alert.Rule{}, err
	}
	defer end()
	var refused error
	err = d.transaction(bounded, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, lockRulesSQL); err != nil { // as who adds one
			return err
		}
		var err error
		if r, err = scanRule(tx.QueryRowContext(ctx, ruleSQL, int64(id))); !errors.Is(err, sql.ErrNoRows) {
			if err == nil && r.Profile != profile {
				refused = alert.ErrNoRule
			}
			return err
		}
		r, err = scanRule(tx.QueryRowContext(ctx, goneRuleSQL, int64(id), profile, micros(deletedAfter)))
		if errors.Is(err, sql.ErrNoRows) {
			refused = alert.ErrNoRule
			return nil
		}
		if err != nil {
			return err
		}
		var have int
		if err := tx.QueryRowContext(ctx, countRulesSQL, profile).Scan(&have); err != nil {
			return err
		}
		if most > 0 && have >= most {
			refused = tooManyRules(have, most)
			return nil
		}
		return putBack(ctx, tx, &r)
	})
	if err == nil {
		err = refused
	} else {
		err = fault(ctx, "restore an alert", err)
	}
	if err != nil {
		return alert.Rule{}, err
	}
	return r, nil
}

// putBack moves a deleted rule to those that are watched, for all processes.
func putBack(ctx context.Context, tx *sql.Tx, r *alert.Rule) error {
	for _, statement := range [...]string{takeRuleSQL, isBackSQL} {
		if _, err := tx.ExecContext(ctx, statement, int64(r.ID)); err != nil {
			return err
		}
	}
	number, err := ruleChanged(ctx, tx, r.Profile)
	if err != nil {
		return err
	}
	r.Version++
	return insertRule(ctx, tx, addRuleSQL, r, number)
}

func tooManyRules(have, most int) error {
	return fmt.Errorf("%w: there are %d, and there may be %d; delete one first", alert.ErrRules, have, most)
}
