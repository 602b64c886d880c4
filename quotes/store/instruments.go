package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/tickboard/tickboard/quotes"
)

const (
	loadInstrumentsSQL = `SELECT list FROM instruments WHERE source = $1`
	saveInstrumentsSQL = `INSERT INTO instruments (source, list) VALUES ($1, $2)
		ON CONFLICT (source) DO UPDATE SET list = excluded.list WHERE instruments.list <> excluded.list`
)

// instrumentRow is an instrument as it is stored: all of it.
type instrumentRow struct {
	quotes.Instrument
	TickSize string `json:"tick_size,omitempty"`
}

// LoadInstruments returns the instruments that were stored for a feed, none and
// no error when there are none.
func (d *DB) LoadInstruments(ctx context.Context, source string) ([]quotes.Instrument, error) {
	bounded, end, err := d.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	var text []byte
	err = d.read.QueryRowContext(bounded, loadInstrumentsSQL, source).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fault(ctx, "read the instruments of "+source, err)
	}
	var stored []instrumentRow
	if err := json.Unmarshal(text, &stored); err != nil {
		return nil, fmt.Errorf("read the instruments of %s: %w", source, err)
	}
	list := make([]quotes.Instrument, 0, len(stored))
	for _, row := range stored {
		in := row.Instrument
		if row.TickSize != "" {
			if in.TickSize, err = quotes.ParseDecimal(row.TickSize); err != nil {
				return nil, fmt.Errorf("read the instruments of %s: %w", source, err)
			}
		}
		list = append(list, in)
	}
	return list, nil
}

// SaveInstruments stores the instruments of a feed in place of earlier ones.
func (d *DB) SaveInstruments(ctx context.Context, source string, list []quotes.Instrument) error {
	bounded, end, err := d.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	stored := make([]instrumentRow, 0, len(list))
	for _, in := range list {
		row := instrumentRow{Instrument: in}
		if !in.TickSize.IsZero() {
			row.TickSize = quotes.FormatDecimal(in.TickSize)
		}
		stored = append(stored, row)
	}
	text, err := json.Marshal(stored)
	if err == nil {
		_, err = d.write.ExecContext(bounded, saveInstrumentsSQL, source, string(text))
	}
	if err != nil {
		return fault(ctx, "store the instruments of "+source, err)
	}
	return nil
}
