package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/tickboard/tickboard/quotes/deliver"
	"github.com/tickboard/tickboard/quotes/profile"
)

const (
	channelColumns = `id, profile, kind, name, address, secret, enabled, alerts, messages, confirmed, code, created, version,
		delivered, failing, error`
	channelsSQL   = `SELECT ` + channelColumns + ` FROM channels WHERE profile = $1 ORDER BY id`
	channelSQL    = `SELECT ` + channelColumns + ` FROM channels WHERE id = $1`
	ownChannelSQL = channelSQL + ` AND profile = $2`

	// numberSQL counts rows of a kind. The first statement of a transaction that
	// adds some, it keeps others out until the commit.
	numberSQL        = `UPDATE counters SET newest = newest + $2 WHERE name = $1 RETURNING newest`
	countChannelsSQL = `SELECT count(*) FROM channels WHERE profile = $1`
	addChannelSQL    = `INSERT INTO channels (` + channelColumns + `)
		VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16)`
	samePushSQL = `UPDATE channels SET name = $3, secret = $4, enabled = $5, alerts = $6, messages = $7, failing = 0, error = '', version = version + 1
		WHERE profile = $1 AND kind = 'push' AND address = $2 RETURNING ` + channelColumns
	updateChannelSQL = `UPDATE channels SET name = $4, secret = $6, enabled = $7, alerts = $8, messages = $9,
		confirmed = $10, code = $11, version = version + 1,
		delivered = CASE WHEN address = $5 THEN delivered ELSE 0 END,
		failing = CASE WHEN address = $5 AND enabled = $7 THEN failing ELSE 0 END,
		error = CASE WHEN address = $5 AND enabled = $7 THEN error ELSE '' END,
		address = $5
		WHERE id = $1 AND profile = $2 AND version = $3 RETURNING ` + channelColumns
	deleteChannelSQL     = `DELETE FROM channels WHERE id = $1 AND profile = $2`
	deleteChannelRowsSQL = `DELETE FROM outbox WHERE profile = $2 AND channel = $1`
	hurrySQL             = `UPDATE outbox SET due = $2 WHERE due > $2 AND id =
		(SELECT id FROM outbox WHERE state = 'waiting' AND notification <> 0 AND channel = $1 ORDER BY id LIMIT 1)`

	testWaitsSQL  = `SELECT count(*) FROM outbox WHERE state = 'waiting' AND notification = 0 AND channel = $1`
	deliveriesSQL = `SELECT ` + rowColumns + ` FROM outbox WHERE profile = $1 AND channel = $2 AND id < $3 ORDER BY id DESC LIMIT $4`
)

var _ deliver.Channels = (*DB)(nil)

// Channels implements deliver.Channels.
func (d *DB) Channels(ctx context.Context, owner int64) ([]deliver.Channel, error) {
	return d.listChannels(ctx, channelsSQL, owner)
}

// Channel implements deliver.Channels.
func (d *DB) Channel(ctx context.Context, owner int64, id deliver.ChannelID) (deliver.Channel, error) {
	list, err := d.listChannels(ctx, ownChannelSQL, int64(id), owner)
	if err == nil && len(list) == 0 {
		err = deliver.ErrNoChannel
	}
	if err != nil {
		return deliver.Channel{}, err
	}
	return list[0], nil
}

func (d *DB) listChannels(ctx context.Context, query string, args ...any) ([]deliver.Channel, error) {
	const tried = "read channels"
	bounded, end, err := d.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	rows, err := d.read.QueryContext(bounded, query, args...)
	if err != nil {
		return nil, fault(ctx, tried, err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err has it
	var list []deliver.Channel
	for rows.Next() {
		c, err := scanChannel(rows)
		if err != nil {
			return nil, fault(ctx, tried, err)
		}
		list = append(list, c)
	}
	if err := rows.Err(); err != nil {
		return nil, fault(ctx, tried, err)
	}
	return list, nil
}

// AddChannel implements deliver.Channels.
func (d *DB) AddChannel(ctx context.Context, c deliver.Channel, most int) (deliver.Channel, error) {
	bounded, end, err := d.begin(ctx)
	if err != nil {
		return deliver.Channel{}, err
	}
	defer end()
	var stored deliver.Channel
	err = d.transaction(bounded, func(ctx context.Context, tx *sql.Tx) error {
		// The count comes after the number, whose lock keeps others from adding
		// meanwhile.
		if err := tx.QueryRowContext(ctx, numberSQL, "channels", 1).Scan(&c.ID); err != nil {
			return err
		}
		if c.Kind == deliver.Push {
			var err error
			stored, err = scanChannel(tx.QueryRowContext(ctx, samePushSQL, c.Profile, c.Address, c.Name, c.Secret, bit(c.Enabled), bit(c.Alerts), bit(c.Messages)))
			if err == nil {
				return touch(ctx, tx, profile.ID(c.Profile), profile.Presets)
			}
			if !errors.Is(err, sql.ErrNoRows) {
				return err
			}
		}
		var there int
		if err := tx.QueryRowContext(ctx, countChannelsSQL, c.Profile).Scan(&there); err != nil {
			return err
		}
		if there >= most {
			return fmt.Errorf("%w: %d", deliver.ErrTooMany, most)
		}
		if _, err := tx.ExecContext(ctx, addChannelSQL, int64(c.ID), c.Profile, string(c.Kind), c.Name, c.Address, c.Secret,
			bit(c.Enabled), bit(c.Alerts), bit(c.Messages), micros(c.Confirmed), c.CodeHash, micros(c.Created), 1,
			micros(c.Delivered), micros(c.Failing), c.Error); err != nil {
			return err
		}
		var err error
		if stored, err = scanChannel(tx.QueryRowContext(ctx, channelSQL, int64(c.ID))); err != nil {
			return err
		}
		return touch(ctx, tx, profile.ID(c.Profile), profile.Presets)
	})
	return stored, fault(ctx, "store a channel", err)
}

// UpdateChannel implements deliver.Channels.
func (d *DB) UpdateChannel(ctx context.Context, c deliver.Channel) (deliver.Channel, error) {
	bounded, end, err := d.begin(ctx)
	if err != nil {
		return deliver.Channel{}, err
	}
	defer end()
	var stored deliver.Channel
	err = d.transaction(bounded, func(ctx context.Context, tx *sql.Tx) error {
		var err error
		stored, err = scanChannel(tx.QueryRowContext(ctx, updateChannelSQL, int64(c.ID), c.Profile, c.Version, c.Name, c.Address,
			c.Secret, bit(c.Enabled), bit(c.Alerts), bit(c.Messages), micros(c.Confirmed), c.CodeHash))
		if errors.Is(err, sql.ErrNoRows) {
			if err = isChannel(ctx, tx, c.Profile, c.ID); err == nil {
				err = deliver.ErrChannelChanged
			}
			return err
		}
		if err == nil && stored.Failing.IsZero() { // what waits need not wait for its next turn
			_, err = tx.ExecContext(ctx, hurrySQL, int64(c.ID), time.Now().UnixMicro())
		}
		if err != nil {
			return err
		}
		return touch(ctx, tx, profile.ID(c.Profile), profile.Presets)
	})
	if err != nil {
		return deliver.Channel{}, fault(ctx, "change a channel", err)
	}
	d.hintOutbox()
	return stored, nil
}

// isChannel returns an error of deliver's where a profile has no such channel.
func isChannel(ctx context.Context, tx *sql.Tx, owner int64, id deliver.ChannelID) error {
	_, err := scanChannel(tx.QueryRowContext(ctx, ownChannelSQL, int64(id), owner))
	if errors.Is(err, sql.ErrNoRows) {
		err = deliver.ErrNoChannel
	}
	return err
}

// DeleteChannel implements deliver.Channels.
func (d *DB) DeleteChannel(ctx context.Context, owner int64, id deliver.ChannelID) error {
	bounded, end, err := d.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	err = d.transaction(bounded, func(ctx context.Context, tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, deleteChannelSQL, int64(id), owner)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, deliver.ErrNoChannel)
		}
		if _, err = tx.ExecContext(ctx, deleteChannelRowsSQL, int64(id), owner); err != nil {
			return err
		}
		return touch(ctx, tx, profile.ID(owner), profile.Presets)
	})
	return fault(ctx, "delete a channel", err)
}

// AddTest implements deliver.Channels.
func (d *DB) AddTest(ctx context.Context, owner int64, id deliver.ChannelID, payload []byte, now time.Time) (row deliver.RowID, err error) {
	bounded, end, err := d.begin(ctx)
	if err != nil {
		return 0, err
	}
	defer end()
	err = d.transaction(bounded, func(ctx context.Context, tx *sql.Tx) error {
		if err := tx.QueryRowContext(ctx, numberSQL, "outbox", 1).Scan(&row); err != nil {
			return err
		}
		if err := isChannel(ctx, tx, owner, id); err != nil {
			return err
		}
		var waiting int
		if err := tx.QueryRowContext(ctx, testWaitsSQL, int64(id)).Scan(&waiting); err != nil {
			return err
		}
		if waiting > 0 {
			return deliver.ErrTestWaits
		}
		_, err := tx.ExecContext(ctx, addRowSQL, int64(row), int64(id), owner, 0, string(payload), now.UnixMicro())
		return err
	})
	if err != nil {
		return 0, fault(ctx, "store a test", err)
	}
	d.hintOutbox()
	return row, nil
}

// Deliveries implements deliver.Channels.
func (d *DB) Deliveries(ctx context.Context, owner int64, id deliver.ChannelID, before deliver.RowID, limit int) ([]deliver.Delivery, error) {
	const tried = "read deliveries"
	bounded, end, err := d.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	if before == 0 {
		before = math.MaxInt64
	}
	rows, err := d.read.QueryContext(bounded, deliveriesSQL, owner, int64(id), int64(before), max(limit, 0))
	if err != nil {
		return nil, fault(ctx, tried, err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err has it
	var list []deliver.Delivery
	for rows.Next() {
		row, err := scanRow(rows)
		if err != nil {
			return nil, fault(ctx, tried, err)
		}
		list = append(list, row)
	}
	if err := rows.Err(); err != nil {
		return nil, fault(ctx, tried, err)
	}
	return list, nil
}

// scanChannel reads one row of channelColumns.
func scanChannel(row interface{ Scan(...any) error }) (c deliver.Channel, err error) {
	var enabled, alerts, messages, confirmed, created, delivered, failing int64
	err = row.Scan(&c.ID, &c.Profile, &c.Kind, &c.Name, &c.Address, &c.Secret, &enabled, &alerts, &messages, &confirmed,
		&c.CodeHash, &created, &c.Version, &delivered, &failing, &c.Error)
	c.Enabled, c.Alerts, c.Messages = enabled != 0, alerts != 0, messages != 0
	c.Confirmed, c.Created, c.Delivered, c.Failing = moment(confirmed), moment(created), moment(delivered), moment(failing)
	return c, err
}
