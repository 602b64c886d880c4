package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/tickboard/tickboard/quotes/alert"
)

const (
	// A clock that was set back does not silence a source for long.
	downSQL = `INSERT INTO incidents (source, down, told) VALUES ($1, 1, $2)
		ON CONFLICT (source) DO UPDATE SET down = 1, told = excluded.told
		WHERE incidents.down = 0 AND (incidents.told <= $3 OR incidents.told > excluded.told)`
	upSQL = `UPDATE incidents SET down = 0 WHERE source = $1 AND down = 1`
)

var _ alert.IncidentStore = (*DB)(nil)

// TellIncident implements alert.IncidentStore.
func (d *DB) TellIncident(ctx context.Context, i alert.Incident, quiet time.Duration) (told bool, err error) {
	n := i.Notification
	if err := n.Validate(); err != nil {
		return false, err
	}
	bounded, end, err := d.begin(ctx)
	if err != nil {
		return false, err
	}
	defer end()
	err = d.transaction(bounded, func(ctx context.Context, tx *sql.Tx) error {
		query, args := upSQL, []any{i.Source}
		if i.Down {
			query, args = downSQL, []any{i.Source, n.Time.UnixMicro(), n.Time.Add(-quiet).UnixMicro()}
		}
		result, err := tx.ExecContext(ctx, query, args...)
		if err != nil {
			return err
		}
		changed, err := result.RowsAffected()
		if told = changed == 1; err != nil || !told {
			return err
		}
		return insert(ctx, tx, []*appending{{n: n}})
	})
	if err != nil {
		return false, fault(ctx, "store an incident", err)
	}
	return told, nil
}
