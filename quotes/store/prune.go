package store

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"slices"
	"time"
)

// pruneStep is how many notifications one Prune removes at most: so many that
// the writer is not held up for longer than a few commits take.
const pruneStep = 1000

const (
	youngSQL  = `SELECT id FROM notifications WHERE id > $1 AND id <= $2 AND time >= $3 ORDER BY id LIMIT 1`
	prunedSQL = `UPDATE notification_log SET pruned = CASE WHEN pruned < $1 THEN $1 ELSE pruned END WHERE one = 1 RETURNING pruned`
	deleteSQL = `DELETE FROM notifications WHERE id <= $1 RETURNING id, profile`
	// So that who comes back is told of a gap only where it may be one of theirs.
	prunedOfAllSQL = `UPDATE notification_log SET pruned_of_all = $1 WHERE one = 1`
	prunedOfSQL    = `UPDATE profiles SET pruned = $2 WHERE id = $1 AND pruned < $2`
	// The history of an alert has the numbers of its notifications.
	pruneFiringsSQL = `DELETE FROM firings WHERE id <= $1`
)

// Prune implements alert.Store. Where there is nothing to remove it only reads.
func (d *DB) Prune(ctx context.Context, keep int, before time.Time) (pruned int64, err error) {
	bounded, end, err := d.begin(ctx)
	if err != nil {
		return 0, err
	}
	defer end()
	// What may be removed now may be removed later too, whoever removes more
	// meanwhile: no lock is needed between the look and the change.
	upTo, pruned, err := d.prunable(bounded, keep, before)
	if err == nil && upTo > pruned {
		err = d.transaction(bounded, func(ctx context.Context, tx *sql.Tx) error {
			if err := tx.QueryRowContext(ctx, prunedSQL, upTo).Scan(&pruned); err != nil {
				return err
			}
			for _, statement := range [...]string{pruneMarksSQL, pruneFiringsSQL} {
				if _, err := tx.ExecContext(ctx, statement, upTo); err != nil {
					return err
				}
			}
			return removeNotes(ctx, tx, upTo)
		})
	}
	if err != nil {
		return 0, fault(ctx, "remove old notifications", err)
	}
	return pruned, nil
}

// removeNotes removes the notifications up to a number, and notes whose they were.
func removeNotes(ctx context.Context, tx *sql.Tx, upTo int64) error {
	type gone struct{ id, profile int64 }
	rows, err := query(ctx, tx, func(rows *sql.Rows) (g gone, err error) {
		err = rows.Scan(&g.id, &g.profile)
		return g, err
	}, deleteSQL, upTo)
	if err != nil {
		return err
	}
	last := make(map[int64]int64)
	for _, g := range rows {
		last[g.profile] = max(last[g.profile], g.id)
	}
	// Each profile after what is its own, and in one order, as whoever changes
	// several has it.
	for _, profile := range slices.Sorted(maps.Keys(last)) {
		switch {
		case profile == 0:
			_, err = tx.ExecContext(ctx, prunedOfAllSQL, last[0])
		case profile > 0:
			_, err = tx.ExecContext(ctx, prunedOfSQL, profile, last[profile])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// prunable is the highest number that the next step may remove, and the highest
// that is removed.
func (d *DB) prunable(ctx context.Context, keep int, before time.Time) (upTo, pruned int64, err error) {
	var newest int64
	if err := d.read.QueryRowContext(ctx, boundsSQL).Scan(&newest, &pruned); err != nil {
		return 0, 0, err
	}
	last := min(pruned+pruneStep, newest-1) // of this step; the newest stays
	if keep >= 0 {
		upTo = min(newest-int64(keep), last)
	}
	if !before.IsZero() && upTo < last {
		var young int64
		err := d.read.QueryRowContext(ctx, youngSQL, pruned, last, before.UnixMicro()).Scan(&young)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			upTo = last
		case err != nil:
			return 0, 0, err
		default:
			upTo = max(upTo, young-1)
		}
	}
	return upTo, pruned, nil
}
