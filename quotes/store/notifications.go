package store

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"time"

	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/quotes/alert"
)

const (
	columns   = `id, type, message, time, symbol, price, rule, rule_id, profile, watchers, kind, link, expires, deliver`
	listSQL   = `SELECT ` + columns + ` FROM notifications `
	afterSQL  = listSQL + `WHERE id > $1 ORDER BY id LIMIT $2`
	boundsSQL = `SELECT newest, pruned FROM notification_log WHERE one = 1`

	prunedForSQL = `SELECT pruned_of_all, COALESCE((SELECT pruned FROM profiles WHERE id = $1), 0) FROM notification_log WHERE one = 1`

	// Of those for all and those of a profile each is read by the index, as far
	// as they may be needed.
	afterForSQL = `SELECT * FROM (` + listSQL + `WHERE profile = 0 AND id > $1 ORDER BY id LIMIT $2) AS everybodys
		UNION ALL SELECT * FROM (` + listSQL + `WHERE profile = $3 AND $3 <> 0 AND id > $1 ORDER BY id LIMIT $2) AS own
		ORDER BY id LIMIT $2`
	beforeForSQL = `SELECT * FROM (` + listSQL + `WHERE profile = 0 AND id < $1 ORDER BY id DESC LIMIT $2) AS everybodys
		UNION ALL SELECT * FROM (` + listSQL + `WHERE profile = $3 AND $3 <> 0 AND id < $1 ORDER BY id DESC LIMIT $2) AS own
		ORDER BY id DESC LIMIT $2`
)

// After implements alert.Store.
func (d *DB) After(ctx context.Context, id int64, limit int) ([]alert.Notification, error) {
	return d.list(ctx, afterSQL, id, max(limit, 0))
}

// AfterFor implements alert.Store.
func (d *DB) AfterFor(ctx context.Context, profile, id int64, limit int) ([]alert.Notification, error) {
	return d.list(ctx, afterForSQL, id, max(limit, 0), profile)
}

// BeforeFor implements alert.Store.
func (d *DB) BeforeFor(ctx context.Context, profile, id int64, limit int) ([]alert.Notification, error) {
	if id == 0 {
		id = math.MaxInt64
	}
	return d.list(ctx, beforeForSQL, id, max(limit, 0), profile)
}

// Bounds implements alert.Store.
func (d *DB) Bounds(ctx context.Context) (newest, pruned int64, err error) {
	bounded, end, err := d.begin(ctx)
	if err != nil {
		return 0, 0, err
	}
	defer end()
	err = d.read.QueryRowContext(bounded, boundsSQL).Scan(&newest, &pruned)
	return newest, pruned, fault(ctx, "read the bounds of the notifications", err)
}

// PrunedFor implements alert.Store.
func (d *DB) PrunedFor(ctx context.Context, profile int64) (int64, error) {
	bounded, end, err := d.begin(ctx)
	if err != nil {
		return 0, err
	}
	defer end()
	var ofAll, own int64
	err = d.read.QueryRowContext(bounded, prunedForSQL, profile).Scan(&ofAll, &own)
	return max(ofAll, own), fault(ctx, "read which notifications were removed", err)
}

// list runs one of the queries of columns.
func (d *DB) list(ctx context.Context, query string, args ...any) ([]alert.Notification, error) {
	bounded, end, err := d.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	rows, err := d.read.QueryContext(bounded, query, args...)
	if err != nil {
		return nil, fault(ctx, "read notifications", err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err has it
	var list []alert.Notification
	for rows.Next() {
		n, err := scan(rows)
		if err != nil {
			return nil, fault(ctx, "read notifications", err)
		}
		list = append(list, n)
	}
	if err := rows.Err(); err != nil {
		return nil, fault(ctx, "read notifications", err)
	}
	return list, nil
}

// scan reads one row of columns.
func scan(rows *sql.Rows) (n alert.Notification, err error) {
	var (
		at, watchers, expires int64
		name, price           string
	)
	if err := rows.Scan(&n.ID, &n.Type, &n.Message, &at, &name, &price, &n.Rule, &n.RuleID,
		&n.Profile, &watchers, &n.Kind, &n.Link, &expires, &n.Deliver); err != nil {
		return n, err
	}
	n.Time, n.Expires, n.Watchers = time.UnixMicro(at).UTC(), moment(expires), watchers != 0
	if name != "" {
		if n.Symbol, err = quotes.ParseSymbol(name); err != nil {
			return n, fmt.Errorf("number %d: %w", n.ID, err)
		}
	}
	if n.Price, err = number(price); err != nil {
		return n, fmt.Errorf("number %d: %w", n.ID, err)
	}
	return n, nil
}
