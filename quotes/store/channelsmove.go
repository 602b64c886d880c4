package store

import (
	"context"
	"database/sql"
	"strconv"

	"github.com/tickboard/tickboard/quotes/deliver"
	"github.com/tickboard/tickboard/quotes/profile"
)

const (
	moveChannelSQL = `UPDATE channels SET profile = $3 WHERE id = $1 AND profile = $2`
	// In the comma list of a rule one number takes another's place.
	deliverBySQL = `UPDATE rules SET deliver = TRIM(REPLACE(',' || deliver || ',', $2, $3), ',') WHERE profile = $1 AND ',' || deliver || ',' LIKE $4`
)

// moveChannels moves those channels of moved.Before for which moved.ID has room, in
// the order of their numbers, and names the others. A browser's subscription that
// both have stays one: what alerts say of the one that goes they say of the other
// then.
func moveChannels(ctx context.Context, tx *sql.Tx, moved *profile.Moved) error {
	// Until the commit nobody adds one.
	if _, err := tx.ExecContext(ctx, numberSQL, "channels", 0); err != nil {
		return err
	}
	from, into := int64(moved.Before), int64(moved.ID)
	brought, err := channelsIn(ctx, tx, from)
	if err != nil {
		return err
	}
	there, err := channelsIn(ctx, tx, into)
	if err != nil {
		return err
	}
	for _, c := range brought {
		same := samePush(there, c)
		if same == 0 && len(there) < profile.MaxChannels {
			if _, err := tx.ExecContext(ctx, moveChannelSQL, int64(c.ID), from, into); err != nil {
				return err
			}
			there = append(there, c)
			continue
		}
		if same == 0 {
			moved.Left = append(moved.Left, c.Name)
		} else if err := deliverBy(ctx, tx, from, c.ID, same); err != nil {
			return err
		}
		for _, statement := range [...]string{deleteChannelSQL, deleteChannelRowsSQL} {
			if _, err := tx.ExecContext(ctx, statement, int64(c.ID), from); err != nil {
				return err
			}
		}
	}
	return nil
}

func channelsIn(ctx context.Context, tx *sql.Tx, owner int64) ([]deliver.Channel, error) {
	return query(ctx, tx, func(rows *sql.Rows) (deliver.Channel, error) { return scanChannel(rows) }, channelsSQL, owner)
}

// samePush is the channel of the list for the same browser's subscription, 0 where
// there is none.
func samePush(list []deliver.Channel, c deliver.Channel) deliver.ChannelID {
	for _, other := range list {
		if c.Kind == deliver.Push && other.Kind == c.Kind && other.Address == c.Address {
			return other.ID
		}
	}
	return 0
}

// deliverBy lets alerts of an owner that name a channel name another.
func deliverBy(ctx context.Context, tx *sql.Tx, owner int64, old, other deliver.ChannelID) error {
	named := func(id deliver.ChannelID) string { return "," + strconv.FormatInt(int64(id), 10) + "," }
	_, err := tx.ExecContext(ctx, deliverBySQL, owner, named(old), named(other), "%"+named(old)+"%")
	return err
}
