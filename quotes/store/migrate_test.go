package store_test

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/tickboard/tickboard/quotes/store"
)

// fixtures is what each version of the tables could hold, in the words of the
// program of that time.
var fixtures = [][]string{
	1: {
		`UPDATE notification_log SET newest = 3, pruned = 1`,
		`INSERT INTO notifications (id, type, message, time) VALUES (2, 'info', 'two', 1700000000000000)`,
		`INSERT INTO notifications (id, type, message, time, symbol, price, rule) VALUES (3, 'warning', 'three', 1700000000000001, 'AAPL', '190.10', 'above 190')`,
	},
	2: {
		`INSERT INTO last_quotes (symbol, quote, saved) VALUES ('AAPL', '{"symbol":"AAPL","price":"190.10","currency":"USD","time":"2026-11-20T15:00:00Z","version":7,"session":"regular","timeliness":"live","source":"f"}', 4000000000000000)`,
		`INSERT INTO instruments (source, list) VALUES ('f', '[{"symbol":"AAPL","name":"Apple"}]')`,
	},
	3: {`UPDATE last_quotes SET version = 7`},
	4: {
		`UPDATE rule_numbers SET newest = 1`,
		`INSERT INTO rules (id, profile, symbol, condition, level, time_window, hysteresis, repeats, cooldown, sessions, note,
			expires, paused, created, version, phase, fired, count, day, quote_version, high, low)
			VALUES (1, 7, 'AAPL', 'above', '190.10', 0, '', 'once', 0, 'regular', '', 0, 0, 1700000000000000, 1, '', 0, 0, '', 0, '', '')`,
	},
	5: {
		`UPDATE counters SET newest = 1 WHERE name = 'profiles'`,
		`INSERT INTO profiles VALUES (1, 1700000000000000, 1700000000000000, '{}', 1, 1, 1, 1, 1, 2, 0, 0)`,
		`UPDATE notification_log SET pruned_of_all = 1`,
		`INSERT INTO notification_marks VALUES (1, 3, 1, 0)`,
		`INSERT INTO incidents VALUES ('f', 1, 1700000000000000)`,
	},
}

func TestEveryOlderDatabaseIsBroughtUpToDate(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		for version := range len(fixtures) {
			address := on.address(t)
			latest, err := store.MigrateTo(t.Context(), address, int64(version), slices.Concat(fixtures[:version+1]...)...)
			if err != nil {
				t.Fatalf("version %d: %v", version, err)
			}
			if latest != int64(len(fixtures)-1) {
				t.Fatalf("there are %d versions, and fixtures for %d", latest, len(fixtures)-1)
			}
			db := open(t, address)
			if version >= 1 {
				list, err := db.After(t.Context(), 0, 10)
				newest, pruned, boundsErr := db.Bounds(t.Context())
				if err := errors.Join(err, boundsErr); err != nil || len(list) != 2 || newest != 3 || pruned != 1 || list[1].Rule != "above 190" {
					t.Errorf("version %d: %+v, %d, %d, %v", version, list, newest, pruned, err)
				}
			}
			if version >= 1 {
				if pruned, err := db.PrunedFor(t.Context(), 0); err != nil || pruned != 1 {
					t.Errorf("version %d: up to %d of what was for all are gone, %v", version, pruned, err)
				}
			}
			if got := stored(t, db); version >= 2 != (len(got) == 1) {
				t.Errorf("version %d: the quotes are %v", version, got)
			}
			if list, err := db.LoadInstruments(t.Context(), "f"); err != nil || version >= 2 != (len(list) == 1) {
				t.Errorf("version %d: the instruments are %v, %v", version, list, err)
			}
			if list, err := db.RulesOf(t.Context(), 7); err != nil || version >= 4 != (len(list) == 1) {
				t.Errorf("version %d: the rules are %v, %v", version, list, err)
			}
			// And it works: the next number, a quote in place of the old one.
			if n, err := db.Append(t.Context(), note("next")); err != nil || version >= 1 != (n.ID == 4) {
				t.Errorf("version %d: the next number is %d, %v", version, n.ID, err)
			}
			if err := db.SaveQuotes(t.Context(), quoteList(quoteOf("AAPL", "191.00", 8))); err != nil || len(stored(t, db)) != 1 {
				t.Errorf("version %d: %v", version, err)
			}
		}
	})
}

func TestSeveralMakeTheTablesAtOnce(t *testing.T) {
	address := onPostgres.address(t)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			db, err := store.OpenPostgres(t.Context(), address)
			if err == nil {
				err = db.Close()
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	fill(t, open(t, address), 1)
}
