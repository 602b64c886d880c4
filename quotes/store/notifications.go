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
	columns   = `SELECT id, type, message, time, symbol, price, rule FROM notifications `
	afterSQL  = columns + `WHERE id > $1 ORDER BY id LIMIT $2`
	beforeSQL = columns + `WHERE id < $1 ORDER BY id DESC LIMIT $2`
	boundsSQL = `SELECT newest, pruned FROM notification_log WHERE one = 1`
)

// After implements alert.Store.
func (d *DB) After(ctx context.Context, id int64, limit int) ([]alert.Notification, error) {
	return d.list(ctx, afterSQL, id, limit)
}

// Before implements alert.Store.
func (d *DB) Before(ctx context.Context, id int64, limit int) ([]alert.Notification, error) {
	if id == 0 {
		id = math.MaxInt64
	}
	return d.list(ctx, beforeSQL, id, limit)
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

// list runs one of the queries that begin with columns.
func (d *DB) list(ctx context.Context, query string, id int64, limit int) ([]alert.Notification, error) {
	bounded, end, err := d.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	rows, err := d.read.QueryContext(bounded, query, id, max(limit, 0))
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
		micros                int64
		category, name, price string
	)
	if err := rows.Scan(&n.ID, &category, &n.Message, &micros, &name, &price, &n.Rule); err != nil {
		return n, err
	}
	n.Type = alert.Type(category)
	n.Time = time.UnixMicro(micros).UTC()
	if name != "" {
		if n.Symbol, err = quotes.ParseSymbol(name); err != nil {
			return n, fmt.Errorf("number %d: %w", n.ID, err)
		}
	}
	if price != "" {
		d, err := quotes.ParseDecimal(price)
		if err != nil {
			return n, fmt.Errorf("number %d: %w", n.ID, err)
		}
		n.Price = quotes.Some(d)
	}
	return n, nil
}
