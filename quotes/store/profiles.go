package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/tickboard/tickboard/quotes/profile"
)

const (
	// A profile that is gone leaves its number for a while, with created 0, so that
	// other processes see that it is.
	openSQL = `SELECT p.id, p.lists, p.alerts, p.marks, p.settings_version, k.seen
		FROM profile_keys k JOIN profiles p ON p.id = k.profile WHERE k.key = $1 AND p.created > 0`
	seeKeySQL     = `UPDATE profile_keys SET seen = $2 WHERE key = $1 AND seen < $2`
	seeProfileSQL = `UPDATE profiles SET seen = $2 WHERE id = (SELECT profile FROM profile_keys WHERE key = $1) AND created > 0 AND seen < $2`
	addProfileSQL = `INSERT INTO profiles (id, created, seen, settings, lists, alerts, marks, settings_version, changed, read_to, cleared_to)
		VALUES ($1, $2, $3, '{}', 0, 0, 0, 0, 0, 0, 0)`
	addKeySQL    = `INSERT INTO profile_keys (key, profile, label, created, seen) VALUES ($1, $2, $3, $4, $5)`
	keyOwnerSQL  = `SELECT profile FROM profile_keys WHERE key = $1`
	profileSQL   = `SELECT created, settings, lists, alerts, marks, settings_version FROM profiles WHERE id = $1 AND created > 0`
	devicesSQL   = `SELECT key, label, created, seen FROM profile_keys WHERE profile = $1 ORDER BY created, key`
	settingsSQL  = `UPDATE profiles SET settings = $2 WHERE id = $1 AND created > 0`
	removeKeySQL = `DELETE FROM profile_keys WHERE profile = $1 AND key = $2`
	changesSQL   = `SELECT id, changed, created, lists, alerts, marks, settings_version FROM profiles WHERE changed > $1 ORDER BY changed LIMIT $2`
	newestSQL    = `SELECT newest FROM counters WHERE name = 'changes'`
	countOnSQL   = `UPDATE counters SET newest = newest + 1 WHERE name = $1 RETURNING newest`
	touchSQL     = `UPDATE profiles SET changed = $2, lists = lists + $3, alerts = alerts + $4, marks = marks + $5, settings_version = settings_version + $6
		WHERE id = $1 AND created > 0`
)

var _ profile.Store = (*DB)(nil)

// touch counts a change of things of a profile, so that its pages everywhere get
// to know of it. It comes last in the transaction that makes the change: whoever
// changes things takes the number of the change after all that it locks but the
// profile's own row, so that no two wait for each other. A profile that is not
// there is passed over.
func touch(ctx context.Context, tx *sql.Tx, id profile.ID, things ...profile.Thing) error {
	err := touchOwn(ctx, tx, id, things...)
	if errors.Is(err, profile.ErrNoProfile) {
		return nil
	}
	return err
}

// touchOwn is touch for what only a profile that is there may have; otherwise the
// error wraps profile.ErrNoProfile.
func touchOwn(ctx context.Context, tx *sql.Tx, id profile.ID, things ...profile.Thing) error {
	number, err := countOn(ctx, tx, "changes")
	if err != nil {
		return err
	}
	return touchAt(ctx, tx, number, id, things...)
}

// touchAt is touchOwn with a number that was taken before.
func touchAt(ctx context.Context, tx *sql.Tx, number int64, id profile.ID, things ...profile.Thing) error {
	more := make(map[profile.Thing]int64, len(things))
	for _, thing := range things {
		more[thing] = 1
	}
	return changed(tx.ExecContext(ctx, touchSQL, int64(id), number,
		more[profile.Lists], more[profile.Alerts], more[profile.Marks], more[profile.Presets]))(profile.ErrNoProfile)
}

// countOn takes the next number of a counter, which is locked until the
// transaction ends.
func countOn(ctx context.Context, tx *sql.Tx, counter string) (number int64, err error) {
	err = tx.QueryRowContext(ctx, countOnSQL, counter).Scan(&number)
	return number, err
}

// changed is for statements that are to change something: where none was changed
// the error is the one that is given to what it returns.
func changed(result sql.Result, err error) func(none error) error {
	return func(none error) error {
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n > 0 {
			return err
		}
		return none
	}
}

// do runs a transaction, and says what was tried when it fails. Refusals, which
// are the caller's fault, stay as they are.
func (d *DB) do(ctx context.Context, tried string, do func(context.Context, *sql.Tx) error) error {
	bounded, end, err := d.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	return fault(ctx, tried, d.transaction(bounded, do))
}

// day is the beginning of a time's day.
func day(t time.Time) int64 { return t.UTC().Truncate(24 * time.Hour).UnixMicro() }

// Open implements profile.Store.
func (d *DB) Open(ctx context.Context, k profile.Key, now time.Time) (found profile.Found, err error) {
	bounded, end, err := d.begin(ctx)
	if err != nil {
		return profile.Found{}, err
	}
	defer end()
	var seen int64
	v := &found.Versions
	err = d.read.QueryRowContext(bounded, openSQL, k.String()).Scan(&found.ID, &v.Lists, &v.Alerts, &v.Marks, &v.Settings, &seen)
	if errors.Is(err, sql.ErrNoRows) {
		return profile.Found{}, nil
	}
	found.NewDay = seen < day(now)
	return found, fault(ctx, "look who asks", err)
}

// See implements profile.Store.
func (d *DB) See(ctx context.Context, k profile.Key, now time.Time) error {
	return d.do(ctx, "note who was here", func(ctx context.Context, tx *sql.Tx) error {
		for _, statement := range []string{seeKeySQL, seeProfileSQL} {
			if _, err := tx.ExecContext(ctx, statement, k.String(), day(now)); err != nil {
				return err
			}
		}
		return nil
	})
}

// Make implements profile.Store.
func (d *DB) Make(ctx context.Context, k profile.Key, label string, now time.Time) (id profile.ID, err error) {
	err = d.do(ctx, "make a profile", func(ctx context.Context, tx *sql.Tx) error {
		number, err := countOn(ctx, tx, "profiles")
		if err != nil {
			return err
		}
		if id, err = ownerOf(ctx, tx, k); err != nil || id != 0 {
			return err
		}
		id = profile.ID(number)
		if _, err := tx.ExecContext(ctx, addProfileSQL, number, now.UnixMicro(), day(now)); err != nil {
			return err
		}
		return addKey(ctx, tx, k, id, label, now)
	})
	return id, err
}

// ownerOf is the profile that a key opens, 0 for none.
func ownerOf(ctx context.Context, tx *sql.Tx, k profile.Key) (id profile.ID, err error) {
	err = tx.QueryRowContext(ctx, keyOwnerSQL, k.String()).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return id, err
}

func addKey(ctx context.Context, tx *sql.Tx, k profile.Key, id profile.ID, label string, now time.Time) error {
	_, err := tx.ExecContext(ctx, addKeySQL, k.String(), int64(id), label, now.UnixMicro(), day(now))
	return err
}

// Profile implements profile.Store.
func (d *DB) Profile(ctx context.Context, id profile.ID) (profile.Profile, error) {
	bounded, end, err := d.begin(ctx)
	if err != nil {
		return profile.Profile{}, err
	}
	defer end()
	p, err := readProfile(bounded, d.read, id)
	if err == nil {
		p.Devices, err = readDevices(bounded, d.read, id)
	}
	return p, fault(ctx, "read a profile", err)
}

// reader is what a pool and a transaction have in common.
type reader interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func readProfile(ctx context.Context, from reader, id profile.ID) (profile.Profile, error) {
	p := profile.Profile{ID: id}
	var created int64
	var settings []byte
	v := &p.Versions
	err := from.QueryRowContext(ctx, profileSQL, int64(id)).Scan(&created, &settings, &v.Lists, &v.Alerts, &v.Marks, &v.Settings)
	if errors.Is(err, sql.ErrNoRows) {
		return p, profile.ErrNoProfile
	}
	if err == nil {
		p.Created = moment(created)
		p.Settings, err = profile.ParseSettings(settings)
	}
	return p, err
}

func readDevices(ctx context.Context, from reader, id profile.ID) ([]profile.Device, error) {
	keys, err := readKeys(ctx, from, id)
	list := make([]profile.Device, 0, len(keys))
	for _, k := range keys {
		list = append(list, k.Device)
	}
	return list, err
}

// keyRow is a device with its key.
type keyRow struct {
	profile.Device
	key profile.Key
}

func readKeys(ctx context.Context, from reader, id profile.ID) ([]keyRow, error) {
	return query(ctx, from, func(rows *sql.Rows) (k keyRow, err error) {
		var text string
		var created, seen int64
		err = rows.Scan(&text, &k.Label, &created, &seen)
		k.key = profile.StoredKey(text)
		k.ID, k.Created, k.Seen = k.key.Device(), moment(created), moment(seen)
		return k, err
	}, devicesSQL, int64(id))
}

// query reads rows, each by scan.
func query[T any](ctx context.Context, from reader, scan func(*sql.Rows) (T, error), text string, args ...any) ([]T, error) {
	rows, err := from.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err has it
	var list []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, rows.Err()
}

// ChangeSettings implements profile.Store.
func (d *DB) ChangeSettings(ctx context.Context, id profile.ID, change profile.Settings) (settings profile.Settings, versions profile.Versions, err error) {
	err = d.do(ctx, "store settings", func(ctx context.Context, tx *sql.Tx) error {
		number, err := countOn(ctx, tx, "changes") // first: nobody else changes them meanwhile
		if err != nil {
			return err
		}
		p, err := readProfile(ctx, tx, id)
		if err != nil {
			return err
		}
		next, different, err := p.Settings.With(change)
		settings, versions = next, p.Versions
		if err != nil || !different {
			return err
		}
		if _, err := tx.ExecContext(ctx, settingsSQL, int64(id), string(next.JSON())); err != nil {
			return err
		}
		versions.Settings++
		return touchAt(ctx, tx, number, id, profile.Presets)
	})
	return settings, versions, err
}

// RemoveDevice implements profile.Store.
func (d *DB) RemoveDevice(ctx context.Context, id profile.ID, device string) error {
	return d.do(ctx, "remove a device", func(ctx context.Context, tx *sql.Tx) error {
		number, err := countOn(ctx, tx, "changes") // first: of two who remove the last two one fails
		if err != nil {
			return err
		}
		keys, err := readKeys(ctx, tx, id)
		if err != nil {
			return err
		}
		for _, k := range keys {
			switch {
			case k.ID != device:
			case len(keys) == 1:
				return profile.ErrLastDevice
			default:
				if _, err := tx.ExecContext(ctx, removeKeySQL, int64(id), k.key.String()); err != nil {
					return err
				}
				return touchAt(ctx, tx, number, id, profile.Presets)
			}
		}
		return profile.ErrNoDevice
	})
}

// Changes implements profile.Store.
func (d *DB) Changes(ctx context.Context, after int64, limit int) ([]profile.Change, error) {
	bounded, end, err := d.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	list, err := query(bounded, d.read, func(rows *sql.Rows) (c profile.Change, err error) {
		var created int64
		v := &c.Versions
		err = rows.Scan(&c.ID, &c.Number, &created, &v.Lists, &v.Alerts, &v.Marks, &v.Settings)
		c.Gone = created == 0
		return c, err
	}, changesSQL, after, limit)
	return list, fault(ctx, "look which profiles have changed", err)
}

// NewestChange implements profile.Store.
func (d *DB) NewestChange(ctx context.Context) (number int64, err error) {
	bounded, end, err := d.begin(ctx)
	if err != nil {
		return 0, err
	}
	defer end()
	err = d.read.QueryRowContext(bounded, newestSQL).Scan(&number)
	return number, fault(ctx, "look which profiles have changed", err)
}
