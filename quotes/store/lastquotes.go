package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
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
	saveQuotesSQL = `INSERT INTO last_quotes (symbol, quote, saved, version) VALUES `
	// A version is a time, so one from the future is of a clock that was wrong,
	// and gives way. The present follows.
	replaceSQL = ` ON CONFLICT (symbol) DO UPDATE SET quote = excluded.quote, saved = excluded.saved, version = excluded.version
		WHERE last_quotes.version <= excluded.version OR last_quotes.version > `
	loadQuotesSQL = `SELECT quote FROM last_quotes`
	oldQuotesSQL  = `DELETE FROM last_quotes WHERE saved < $1`
)

// SaveQuotes stores quotes, each in place of an earlier one of its symbol; one
// with a lower version than the stored one, which another process has stored, is
// passed over. When it fails some of them may be stored.
func (d *DB) SaveQuotes(ctx context.Context, list []*quotes.StockQuote) error {
	bounded, end, err := d.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	saved := time.Now().UnixMicro()
	for batch := range slices.Chunk(inOrder(list), quotesAtOnce) {
		err := d.transaction(bounded, func(ctx context.Context, tx *sql.Tx) error { return saveQuotes(ctx, tx, batch, saved) })
		if err != nil {
			return fault(ctx, "store quotes", err)
		}
	}
	return nil
}

// inOrder sorts quotes by symbol, so that of several processes none waits for a
// row of another which waits for one of its own, and leaves the newest of each.
func inOrder(list []*quotes.StockQuote) []*quotes.StockQuote {
	list = slices.SortedFunc(slices.Values(list), func(a, b *quotes.StockQuote) int {
		return cmp.Or(strings.Compare(a.Symbol.String(), b.Symbol.String()), cmp.Compare(b.Version, a.Version))
	})
	return slices.CompactFunc(list, func(a, b *quotes.StockQuote) bool { return a.Symbol == b.Symbol })
}

func saveQuotes(ctx context.Context, tx *sql.Tx, batch []*quotes.StockQuote, saved int64) error {
	var text []byte
	for part := range slices.Chunk(batch, quotesAStatement) {
		values := make([]any, 0, 4*len(part)+1)
		for _, q := range part {
			text = q.AppendJSON(text[:0])
			values = append(values, q.Symbol.String(), string(text), saved, q.Version)
		}
		values = append(values, saved)
		if _, err := tx.ExecContext(ctx, saveQuotesSQL+rows(len(part))+replaceSQL+"$"+strconv.Itoa(len(values)), values...); err != nil {
			return err
		}
	}
	return nil
}

// rows are the places of n rows of four values: ($1,$2,$3,$4),($5,$6,$7,$8)
func rows(n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		for j, before := range [...]string{"($", ",$", ",$", ",$"} {
			b.WriteString(before + strconv.Itoa(4*i+j+1))
		}
		b.WriteByte(')')
	}
	return b.String()
}

// LoadQuotes returns the stored quotes in no order. A row that another program
// wrote and that cannot be read is passed over; those that nobody has renewed for
// a month are removed, if anything can be.
func (d *DB) LoadQuotes(ctx context.Context) ([]quotes.StockQuote, error) {
	bounded, end, err := d.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	_, err = d.write.ExecContext(bounded, oldQuotesSQL, time.Now().Add(-quotesKept).UnixMicro())
	if err = fault(ctx, "remove old quotes", err); err != nil && !errors.Is(err, quotes.ErrStorageFull) && !errors.Is(err, quotes.ErrStorageReadOnly) {
		return nil, err
	}
	rows, err := d.read.QueryContext(bounded, loadQuotesSQL)
	if err != nil {
		return nil, fault(ctx, "read quotes", err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err has it
	var list []quotes.StockQuote
	for rows.Next() {
		var text []byte
		if err := rows.Scan(&text); err != nil {
			return nil, fault(ctx, "read quotes", err)
		}
		var q quotes.StockQuote
		if q.UnmarshalJSON(text) == nil && !q.Symbol.IsZero() {
			list = append(list, q)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fault(ctx, "read quotes", err)
	}
	return list, nil
}
