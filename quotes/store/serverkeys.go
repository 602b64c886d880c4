package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/tickboard/tickboard/quotes/deliver"
)

const (
	serverKeySQL    = `SELECT value FROM server_keys WHERE name = $1`
	addServerKeySQL = `INSERT INTO server_keys (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`
)

var _ deliver.Keys = (*DB)(nil)

// ServerKey implements deliver.Keys.
func (d *DB) ServerKey(ctx context.Context, name string, make func() (string, error)) (string, error) {
	bounded, end, err := d.begin(ctx)
	if err != nil {
		return "", err
	}
	defer end()
	var value string
	err = d.read.QueryRowContext(bounded, serverKeySQL, name).Scan(&value)
	if !errors.Is(err, sql.ErrNoRows) {
		return value, fault(ctx, "read a key of the server", err)
	}
	made, err := make()
	if err != nil {
		return "", err
	}
	err = d.transaction(bounded, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, addServerKeySQL, name, made); err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, serverKeySQL, name).Scan(&value) // another may have been first
	})
	return value, fault(ctx, "store a key of the server", err)
}
