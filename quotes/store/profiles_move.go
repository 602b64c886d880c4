package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/tickboard/tickboard/quotes/profile"
)

const (
	dropCodesSQL  = `DELETE FROM move_codes WHERE profile = $1`
	addCodeSQL    = `INSERT INTO move_codes (hash, profile, expires) VALUES ($1, $2, $3)`
	codeSQL       = `SELECT m.profile FROM move_codes m JOIN profiles p ON p.id = m.profile WHERE m.hash = $1 AND m.expires > $2 AND p.created > 0`
	useCodeSQL    = `DELETE FROM move_codes WHERE hash = $1 AND expires > $2 RETURNING profile`
	lastPlaceSQL  = `SELECT COALESCE(MAX(position), 0) FROM lists WHERE profile = $1`
	moveListsSQL  = `UPDATE lists SET profile = $2, position = position + $3, version = version + 1 WHERE profile = $1`
	countListsSQL = `SELECT COUNT(*) FROM lists WHERE profile = $1 AND deleted = 0`
	moveRulesSQL  = `UPDATE rules SET profile = $2, version = version + 1, since = version + 1 WHERE profile = $1`
	sameMarksSQL  = `DELETE FROM notification_marks WHERE profile = $1 AND notification IN (SELECT notification FROM notification_marks WHERE profile = $2)`
	expiredSQL    = `DELETE FROM move_codes WHERE expires <= $1`
	oldListsSQL   = `DELETE FROM lists WHERE deleted > 0 AND deleted <= $1`
	oldGoneSQL    = `DELETE FROM profiles WHERE created = 0 AND seen < $1`
	goSQL         = `UPDATE profiles SET created = 0, seen = $2, settings = '{}', lists = 0, alerts = 0, marks = 0, settings_version = 0, read_to = 0, cleared_to = 0, changed = $3 WHERE id = $1 AND created > 0`
	isThereSQL    = `SELECT id FROM profiles WHERE id = $1 AND created > 0 AND seen < $2`
	retirableSQL  = `SELECT id FROM profiles p WHERE created > 0 AND (seen < $1 OR seen < $2 AND settings = '{}'
		AND NOT EXISTS (SELECT 1 FROM lists WHERE profile = p.id) AND NOT EXISTS (SELECT 1 FROM rules WHERE profile = p.id)
		AND NOT EXISTS (SELECT 1 FROM channels WHERE profile = p.id)) ORDER BY id`
	movePrunedSQL = `UPDATE profiles SET pruned = (SELECT MAX(pruned) FROM profiles WHERE id = $1 OR id = $2) WHERE id = $2`
	// The log's numbers have no holes, so the rows stay, and nothing in them.
	emptyNotesSQL = `UPDATE notifications SET profile = -1, message = '', symbol = '', price = '', rule = '', link = '' WHERE profile = $1`
)

// moveAsIsSQL takes along what needs no more care.
var moveAsIsSQL = []string{
	`UPDATE deleted_rules SET profile = $2, version = version + 1, since = version + 1 WHERE profile = $1`,
	`UPDATE firings SET profile = $2 WHERE profile = $1`,
	`UPDATE notifications SET profile = $2 WHERE profile = $1`,
	`UPDATE notification_marks SET profile = $2 WHERE profile = $1`,
	`UPDATE outbox SET profile = $2 WHERE profile = $1`,
	`UPDATE profile_keys SET profile = $2 WHERE profile = $1`,
}

// removeSQL leaves nothing of a profile.
var removeSQL = []string{
	`DELETE FROM lists WHERE profile = $1`,
	deleteRulesSQL,
	`DELETE FROM rules WHERE profile = $1`,
	`DELETE FROM deleted_rules WHERE profile = $1`,
	`DELETE FROM firings WHERE profile = $1`,
	`DELETE FROM notification_marks WHERE profile = $1`,
	`DELETE FROM channels WHERE profile = $1`,
	`DELETE FROM outbox WHERE profile = $1`,
	`DELETE FROM profile_keys WHERE profile = $1`,
	dropCodesSQL,
	emptyNotesSQL,
}

// isThere looks for a profile, for one that was not seen since a time where that
// is not zero; otherwise the error wraps profile.ErrNoProfile.
func isThere(ctx context.Context, tx *sql.Tx, id profile.ID, unseen time.Time) error {
	before := int64(math.MaxInt64)
	if !unseen.IsZero() {
		before = day(unseen)
	}
	err := tx.QueryRowContext(ctx, isThereSQL, int64(id), before).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return profile.ErrNoProfile
	}
	return err
}

// AddCode implements profile.Store.
func (d *DB) AddCode(ctx context.Context, id profile.ID, hash string, expires time.Time) error {
	return d.do(ctx, "make a code", func(ctx context.Context, tx *sql.Tx) error {
		if err := isThere(ctx, tx, id, time.Time{}); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, dropCodesSQL, int64(id)); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, addCodeSQL, hash, int64(id), expires.UnixMicro())
		return err
	})
}

// Code implements profile.Store.
func (d *DB) Code(ctx context.Context, hash string, now time.Time) (id profile.ID, err error) {
	bounded, end, err := d.begin(ctx)
	if err != nil {
		return 0, err
	}
	defer end()
	err = d.read.QueryRowContext(bounded, codeSQL, hash, now.UnixMicro()).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, profile.ErrNoCode
	}
	return id, fault(ctx, "look for a code", err)
}

// Move implements profile.Store.
func (d *DB) Move(ctx context.Context, hash string, k profile.Key, label string, now time.Time) (moved profile.Moved, err error) {
	err = d.do(ctx, "take a device in", func(ctx context.Context, tx *sql.Tx) error {
		moved = profile.Moved{}
		err := tx.QueryRowContext(ctx, useCodeSQL, hash, now.UnixMicro()).Scan(&moved.ID)
		if errors.Is(err, sql.ErrNoRows) {
			return profile.ErrNoCode
		}
		if err != nil {
			return err
		}
		if moved.Before, err = ownerOf(ctx, tx, k); err != nil {
			return err
		}
		switch moved.Before {
		case moved.ID:
			moved.Before = 0
			return nil
		case 0:
			keys, err := readKeys(ctx, tx, moved.ID)
			if err != nil {
				return err
			}
			if len(keys) >= profile.MaxDevices {
				return fmt.Errorf("%w: a profile has at most %d devices; remove one first", profile.ErrLimit, profile.MaxDevices)
			}
			if err := addKey(ctx, tx, k, moved.ID, label, now); err != nil {
				return err
			}
			return touchOwn(ctx, tx, moved.ID, profile.Presets)
		}
		return merge(ctx, tx, &moved, now)
	})
	return moved, err
}

// merge moves all that moved.Before has into moved.ID. Limits do not count here but
// for channels: nothing else is lost, and no more can be added until there is room.
func merge(ctx context.Context, tx *sql.Tx, moved *profile.Moved, now time.Time) error {
	if err := moveThings(ctx, tx, moved); err != nil {
		return err
	}
	number, err := countOn(ctx, tx, "changes")
	if err != nil {
		return err
	}
	// Once more, for what came until here; now nobody adds any more.
	if err := moveThings(ctx, tx, moved); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, noteRulesSQL, int64(moved.ID), number); err != nil {
		return err
	}
	if err := mergeSettings(ctx, tx, moved); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, movePrunedSQL, int64(moved.Before), int64(moved.ID)); err != nil {
		return err
	}
	if err := touchAt(ctx, tx, number, moved.ID, profile.Lists, profile.Alerts, profile.Marks, profile.Presets); err != nil {
		return err
	}
	return leave(ctx, tx, moved.Before, now)
}

// moveThings moves what is there, and counts it.
func moveThings(ctx context.Context, tx *sql.Tx, moved *profile.Moved) error {
	from, into := int64(moved.Before), int64(moved.ID)
	var place int64
	var lists int
	if err := tx.QueryRowContext(ctx, lastPlaceSQL, into).Scan(&place); err != nil {
		return err
	}
	if err := tx.QueryRowContext(ctx, countListsSQL, from).Scan(&lists); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, moveListsSQL, from, into, place); err != nil {
		return err
	}
	if err := moveChannels(ctx, tx, moved); err != nil { // while the rules that name them are still apart
		return err
	}
	result, err := tx.ExecContext(ctx, moveRulesSQL, from, into)
	if err != nil {
		return err
	}
	rules, err := result.RowsAffected()
	if err != nil {
		return err
	}
	moved.Lists, moved.Alerts = moved.Lists+lists, moved.Alerts+int(rules)
	if _, err := tx.ExecContext(ctx, sameMarksSQL, from, into); err != nil {
		return err
	}
	for _, statement := range moveAsIsSQL {
		if _, err := tx.ExecContext(ctx, statement, from, into); err != nil {
			return err
		}
	}
	return nil
}

// mergeSettings keeps what the profile has chosen, and takes the rest from the
// one that is moved in.
func mergeSettings(ctx context.Context, tx *sql.Tx, moved *profile.Moved) error {
	from, err := readProfile(ctx, tx, moved.Before)
	if err != nil {
		return err
	}
	into, err := readProfile(ctx, tx, moved.ID)
	if err != nil {
		return err
	}
	next, _, err := from.Settings.With(into.Settings)
	if errors.Is(err, profile.ErrInvalid) {
		return nil // both together are too long: those that were there stay
	}
	if err == nil {
		_, err = tx.ExecContext(ctx, settingsSQL, int64(moved.ID), string(next.JSON()))
	}
	return err
}

// leave empties a profile's row, which says to other processes that it is gone.
func leave(ctx context.Context, tx *sql.Tx, id profile.ID, now time.Time) error {
	if _, err := tx.ExecContext(ctx, dropCodesSQL, int64(id)); err != nil {
		return err
	}
	number, err := countOn(ctx, tx, "changes")
	if err != nil {
		return err
	}
	return changed(tx.ExecContext(ctx, goSQL, int64(id), day(now), number))(profile.ErrNoProfile)
}

// DeleteProfile implements profile.Store.
func (d *DB) DeleteProfile(ctx context.Context, id profile.ID) error {
	return d.do(ctx, "delete a profile", func(ctx context.Context, tx *sql.Tx) error {
		return remove(ctx, tx, id, time.Now(), time.Time{})
	})
}

// remove removes a profile, one that was not seen since a time where that is not
// zero.
func remove(ctx context.Context, tx *sql.Tx, id profile.ID, now, unseen time.Time) error {
	if err := removeThings(ctx, tx, id); err != nil {
		return err
	}
	number, err := countOn(ctx, tx, "changes")
	if err != nil {
		return err
	}
	if err := isThere(ctx, tx, id, unseen); err != nil {
		return err
	}
	// Once more, for what came until here; now nobody adds any more.
	if err := removeThings(ctx, tx, id); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, noteDeletionsSQL, number); err != nil {
		return err
	}
	return leave(ctx, tx, id, now)
}

func removeThings(ctx context.Context, tx *sql.Tx, id profile.ID) error {
	for _, statement := range removeSQL {
		if _, err := tx.ExecContext(ctx, statement, int64(id)); err != nil {
			return err
		}
	}
	return nil
}

// Retire implements profile.Store.
func (d *DB) Retire(ctx context.Context, now time.Time) (gone []profile.ID, err error) {
	err = d.do(ctx, "remove what is past its time", func(ctx context.Context, tx *sql.Tx) error {
		for statement, before := range map[string]int64{
			expiredSQL: now.UnixMicro(), oldListsSQL: now.Add(-profile.RestoreTime).UnixMicro(),
			oldRulesSQL: now.Add(-profile.RestoreTime).UnixMicro(), oldGoneSQL: day(now.Add(-24 * time.Hour)),
		} {
			if _, err := tx.ExecContext(ctx, statement, before); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	ids, err := d.retirable(ctx, now)
	for _, id := range ids {
		err := d.do(ctx, "remove a profile that nobody uses", func(ctx context.Context, tx *sql.Tx) error {
			return remove(ctx, tx, id, now, now.Add(-profile.KeepEmptyTime))
		})
		switch {
		case err == nil:
			gone = append(gone, id)
		case !errors.Is(err, profile.ErrNoProfile):
			return gone, err
		}
	}
	return gone, err
}

func (d *DB) retirable(ctx context.Context, now time.Time) ([]profile.ID, error) {
	bounded, end, err := d.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	list, err := query(bounded, d.read, func(rows *sql.Rows) (id profile.ID, err error) {
		err = rows.Scan(&id)
		return id, err
	}, retirableSQL, day(now.Add(-profile.KeepTime)), day(now.Add(-profile.KeepEmptyTime)))
	return list, fault(ctx, "look for profiles that nobody uses", err)
}
