package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/quotes/profile"
)

const (
	listColumns    = `id, name, symbols, version, created, share`
	listsSQL       = `SELECT ` + listColumns + ` FROM lists WHERE profile = $1 AND deleted = 0 ORDER BY position, id`
	oneListSQL     = `SELECT ` + listColumns + ` FROM lists WHERE profile = $1 AND id = $2 AND deleted = 0`
	sharedListSQL  = `SELECT ` + listColumns + ` FROM lists WHERE share = $1 AND share <> '' AND deleted = 0`
	listVersionSQL = `SELECT lists FROM profiles WHERE id = $1 AND created > 0`
	addListSQL     = `INSERT INTO lists (id, profile, name, position, symbols, version, created, deleted, share) VALUES ($1, $2, $3, $4, $5, 1, $6, 0, '')`
	// Each begins a change: the row is the transaction's from here on.
	takeListSQL    = `UPDATE lists SET version = version + 1 WHERE profile = $1 AND id = $2 AND deleted = 0 RETURNING ` + listColumns
	changeListSQL  = `UPDATE lists SET name = $2, symbols = $3, share = $4 WHERE id = $1`
	dropListSQL    = `UPDATE lists SET deleted = $2 WHERE id = $1`
	restoreListSQL = `UPDATE lists SET deleted = 0, version = version + 1 WHERE profile = $1 AND id = $2 AND deleted > $3 RETURNING ` + listColumns
	placeListSQL   = `UPDATE lists SET position = $2 WHERE id = $1`
)

// errSame ends a transaction that would change nothing.
var errSame = errors.New("nothing to change")

// Lists implements profile.Store.
func (d *DB) Lists(ctx context.Context, id profile.ID) (list []profile.List, version int64, err error) {
	bounded, end, err := d.begin(ctx)
	if err != nil {
		return nil, 0, err
	}
	defer end()
	// The version first: what changes in between has a higher one.
	err = d.read.QueryRowContext(bounded, listVersionSQL, int64(id)).Scan(&version)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, 0, profile.ErrNoProfile
	}
	if err == nil {
		list, err = query(bounded, d.read, func(rows *sql.Rows) (profile.List, error) { return scanList(rows) }, listsSQL, int64(id))
	}
	return list, version, fault(ctx, "read lists", err)
}

// List implements profile.Store.
func (d *DB) List(ctx context.Context, id profile.ID, list profile.ListID) (profile.List, error) {
	return d.oneList(ctx, oneListSQL, int64(id), int64(list))
}

// SharedList implements profile.Store.
func (d *DB) SharedList(ctx context.Context, token string) (profile.List, error) {
	return d.oneList(ctx, sharedListSQL, token)
}

func (d *DB) oneList(ctx context.Context, query string, args ...any) (profile.List, error) {
	bounded, end, err := d.begin(ctx)
	if err != nil {
		return profile.List{}, err
	}
	defer end()
	l, err := scanList(d.read.QueryRowContext(bounded, query, args...))
	return l, fault(ctx, "read a list", err)
}

// scanList reads one row of listColumns; where there is none the error is
// profile.ErrNoList.
func scanList(row interface{ Scan(...any) error }) (l profile.List, err error) {
	var symbols string
	var created int64
	err = row.Scan(&l.ID, &l.Name, &symbols, &l.Version, &created, &l.Share)
	if errors.Is(err, sql.ErrNoRows) {
		return l, profile.ErrNoList
	}
	if err != nil {
		return l, err
	}
	l.Created = moment(created)
	if l.Symbols, err = quotes.ParseSymbols(symbols); err != nil {
		return l, fmt.Errorf("list %d: %w", l.ID, err)
	}
	return l, nil
}

func joinSymbols(list []quotes.Symbol) string {
	names := make([]string, len(list))
	for i, sym := range list {
		names[i] = sym.String()
	}
	return strings.Join(names, ",")
}

// AddList implements profile.Store.
func (d *DB) AddList(ctx context.Context, id profile.ID, l profile.List) (added profile.List, err error) {
	err = d.do(ctx, "store a list", func(ctx context.Context, tx *sql.Tx) error {
		number, err := countOn(ctx, tx, "lists") // from here on nobody else adds one
		if err != nil {
			return err
		}
		place, err := roomForList(ctx, tx, id)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, addListSQL, number, int64(id), l.Name, place, joinSymbols(l.Symbols), l.Created.UnixMicro()); err != nil {
			return err
		}
		if added, err = scanList(tx.QueryRowContext(ctx, oneListSQL, int64(id), number)); err != nil {
			return err
		}
		return touchOwn(ctx, tx, id, profile.Lists)
	})
	return added, err
}

// roomForList returns the place of the next list, or refuses one more. The
// caller has the lists' counter.
func roomForList(ctx context.Context, tx *sql.Tx, id profile.ID) (place int64, err error) {
	var count int
	if err := tx.QueryRowContext(ctx, countListsSQL, int64(id)).Scan(&count); err != nil {
		return 0, err
	}
	if count >= profile.MaxLists {
		return 0, fmt.Errorf("%w lists: at most %d are allowed; delete one first", profile.ErrLimit, profile.MaxLists)
	}
	err = tx.QueryRowContext(ctx, lastPlaceSQL, int64(id)).Scan(&place)
	return place + 1, err
}

// changeList changes a list as change does with it; where that says errSame
// nothing is changed.
func (d *DB) changeList(ctx context.Context, id profile.ID, list profile.ListID, change func(context.Context, *sql.Tx, *profile.List) error) (profile.List, error) {
	var l profile.List
	err := d.do(ctx, "change a list", func(ctx context.Context, tx *sql.Tx) (err error) {
		if l, err = scanList(tx.QueryRowContext(ctx, takeListSQL, int64(id), int64(list))); err != nil {
			return err
		}
		if err := change(ctx, tx, &l); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, changeListSQL, int64(list), l.Name, joinSymbols(l.Symbols), l.Share); err != nil {
			return err
		}
		return touchOwn(ctx, tx, id, profile.Lists)
	})
	if errors.Is(err, errSame) {
		l.Version-- // what was taken was given back
		return l, nil
	}
	if err != nil {
		return profile.List{}, err
	}
	return l, nil
}

// ReplaceList implements profile.Store.
func (d *DB) ReplaceList(ctx context.Context, id profile.ID, to profile.List) (profile.List, error) {
	return d.changeList(ctx, id, to.ID, func(_ context.Context, _ *sql.Tx, l *profile.List) error {
		switch {
		case to.Version != 0 && l.Version != to.Version+1:
			return profile.ErrListChanged
		case l.Name == to.Name && slices.Equal(l.Symbols, to.Symbols):
			return errSame
		}
		l.Name, l.Symbols = to.Name, to.Symbols
		return nil
	})
}

// EditList implements profile.Store.
func (d *DB) EditList(ctx context.Context, id profile.ID, list profile.ListID, e profile.Edit, most int) (profile.List, error) {
	return d.changeList(ctx, id, list, func(_ context.Context, _ *sql.Tx, l *profile.List) error {
		next := e.Apply(l.Symbols)
		switch {
		case slices.Equal(next, l.Symbols):
			return errSame
		case len(next) > most && len(next) > len(l.Symbols):
			return fmt.Errorf("%w symbols on the list: %d would be, at most %d are allowed", profile.ErrLimit, len(next), most)
		}
		l.Symbols = next
		return nil
	})
}

// DeleteList implements profile.Store.
func (d *DB) DeleteList(ctx context.Context, id profile.ID, list profile.ListID, version int64, now time.Time) error {
	_, err := d.changeList(ctx, id, list, func(ctx context.Context, tx *sql.Tx, l *profile.List) error {
		if version != 0 && l.Version != version+1 {
			return profile.ErrListChanged
		}
		_, err := tx.ExecContext(ctx, dropListSQL, int64(list), now.UnixMicro())
		return err
	})
	return err
}

// RestoreList implements profile.Store. One that is there is none to restore, and
// is returned as it is.
func (d *DB) RestoreList(ctx context.Context, id profile.ID, list profile.ListID, now time.Time) (l profile.List, err error) {
	err = d.do(ctx, "restore a list", func(ctx context.Context, tx *sql.Tx) error {
		if _, err := countOn(ctx, tx, "lists"); err != nil { // as who adds one
			return err
		}
		there, err := scanList(tx.QueryRowContext(ctx, oneListSQL, int64(id), int64(list)))
		if !errors.Is(err, profile.ErrNoList) {
			l = there
			return err
		}
		since := now.Add(-profile.RestoreTime).UnixMicro()
		if l, err = scanList(tx.QueryRowContext(ctx, restoreListSQL, int64(id), int64(list), since)); err != nil {
			return err
		}
		var count int
		if err := tx.QueryRowContext(ctx, countListsSQL, int64(id)).Scan(&count); err != nil {
			return err
		}
		if count > profile.MaxLists {
			return fmt.Errorf("%w lists: at most %d are allowed; delete one first", profile.ErrLimit, profile.MaxLists)
		}
		return touchOwn(ctx, tx, id, profile.Lists)
	})
	return l, err
}

// OrderLists implements profile.Store.
func (d *DB) OrderLists(ctx context.Context, id profile.ID, order []profile.ListID) error {
	err := d.do(ctx, "order lists", func(ctx context.Context, tx *sql.Tx) error {
		if _, err := countOn(ctx, tx, "lists"); err != nil { // none is added meanwhile, or ordered otherwise
			return err
		}
		before, err := query(ctx, tx, func(rows *sql.Rows) (profile.List, error) { return scanList(rows) }, listsSQL, int64(id))
		if err != nil {
			return err
		}
		after := profile.Arrange(before, order)
		if slices.EqualFunc(before, after, func(a, b profile.List) bool { return a.ID == b.ID }) {
			return errSame
		}
		for i, l := range after {
			if _, err := tx.ExecContext(ctx, placeListSQL, int64(l.ID), i+1); err != nil {
				return err
			}
		}
		return touchOwn(ctx, tx, id, profile.Lists)
	})
	if errors.Is(err, errSame) {
		return nil
	}
	return err
}

// ShareList implements profile.Store.
func (d *DB) ShareList(ctx context.Context, id profile.ID, list profile.ListID, token string) (profile.List, error) {
	return d.changeList(ctx, id, list, func(_ context.Context, _ *sql.Tx, l *profile.List) error {
		if l.Share != "" {
			return errSame
		}
		l.Share = token
		return nil
	})
}

// UnshareList implements profile.Store.
func (d *DB) UnshareList(ctx context.Context, id profile.ID, list profile.ListID) (profile.List, error) {
	return d.changeList(ctx, id, list, func(_ context.Context, _ *sql.Tx, l *profile.List) error {
		if l.Share == "" {
			return errSame
		}
		l.Share = ""
		return nil
	})
}
