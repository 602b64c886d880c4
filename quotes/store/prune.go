package store

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// pruneStep is how many notifications one Prune removes at most: so many that
// the writer is not held up for longer than a few commits take.
const pruneStep = 1000

const (
	youngSQL  = `SELECT id FROM notifications WHERE id > $1 AND id <= $2 AND time >= $3 ORDER BY id LIMIT 1`
	prunedSQL = `UPDATE notification_log SET pruned = CASE WHEN pruned < $1 THEN $1 ELSE pruned END WHERE one = 1 RETURNING pruned`
	deleteSQL = `DELETE FROM notifications WHERE id <= $1`
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
			for _, statement := range [...]string{pruneMarksSQL, pruneFiringsSQL, deleteSQL} {
				if _, err := tx.ExecContext(ctx, statement, upTo); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err != nil {
		return 0, fault(ctx, "remove old notifications", err)
	}
	return pruned, nil
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
