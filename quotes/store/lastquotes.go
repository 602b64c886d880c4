package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tickboard/tickboard/quotes"
)

const (
	// quotesAtOnce is how many quotes one transaction stores: so many that a
	// notification does not wait long for its turn.
	quotesAtOnce = 500
	// quotesAStatement is how many of them one statement has.
	quotesAStatement = 50
	// quotesKept is how long the quote of a symbol that no feed speaks of any
	// more is kept.
	quotesKept = 30 * 24 * time.Hour
)

const (
	saveQuotesSQL = `INSERT INTO last_quotes (symbol, quote, saved) VALUES `
	replaceSQL    = ` ON CONFLICT (symbol) DO UPDATE SET quote = excluded.quote, saved = excluded.saved`
	loadQuotesSQL = `SELECT quote FROM last_quotes`
	oldQuotesSQL  = `DELETE FROM last_quotes WHERE saved < $1`
)

// SaveQuotes stores quotes, each in place of an earlier one of its symbol. When
// it fails some of them may be stored.
func (d *DB) SaveQuotes(ctx context.Context, list []*quotes.StockQuote) error {
	if err := d.begin(ctx); err != nil {
		return err
	}
	defer d.users.Done()
	saved := time.Now().UnixMicro()
	for batch := range slices.Chunk(list, quotesAtOnce) {
		err := d.transaction(ctx, func(ctx context.Context, tx *sql.Tx) error { return saveQuotes(ctx, tx, batch, saved) })
		if err != nil {
			return fmt.Errorf("store quotes: %w", err)
		}
	}
	return nil
}

func saveQuotes(ctx context.Context, tx *sql.Tx, batch []*quotes.StockQuote, saved int64) error {
	var text []byte
	for part := range slices.Chunk(batch, quotesAStatement) {
		values := make([]any, 0, 3*len(part))
		for _, q := range part {
			text = q.AppendJSON(text[:0])
			values = append(values, q.Symbol.String(), string(text), saved)
		}
		if _, err := tx.ExecContext(ctx, saveQuotesSQL+rows(len(part))+replaceSQL, values...); err != nil {
			return err
		}
	}
	return nil
}

// rows are the places of n rows of three values: ($1,$2,$3),($4,$5,$6)
func rows(n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		for j, before := range [...]string{"($", ",$", ",$"} {
			b.WriteString(before + strconv.Itoa(3*i+j+1))
		}
		b.WriteByte(')')
	}
	return b.String()
}

// LoadQuotes returns the stored quotes in no order. A row that another program
// wrote and that cannot be read is passed over; those that nobody has renewed for
// a month are removed.
func (d *DB) LoadQuotes(ctx context.Context) ([]quotes.StockQuote, error) {
	if err := d.begin(ctx); err != nil {
		return nil, err
	}
	defer d.users.Done()
	if _, err := d.write.ExecContext(ctx, oldQuotesSQL, time.Now().Add(-quotesKept).UnixMicro()); err != nil {
		return nil, fmt.Errorf("remove old quotes: %w", err)
	}
	rows, err := d.read.QueryContext(ctx, loadQuotesSQL)
	if err != nil {
		return nil, fmt.Errorf("read quotes: %w", err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err has it
	var list []quotes.StockQuote
	for rows.Next() {
		var text []byte
		if err := rows.Scan(&text); err != nil {
			return nil, fmt.Errorf("read quotes: %w", err)
		}
		var q quotes.StockQuote
		if q.UnmarshalJSON(text) == nil && !q.Symbol.IsZero() {
			list = append(list, q)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read quotes: %w", err)
	}
	return list, nil
}
