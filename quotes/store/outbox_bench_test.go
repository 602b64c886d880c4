package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/tickboard/tickboard/quotes/store"
)

// BenchmarkDue looks for what is due where a hundred channels have a thousand
// rows each, and where one has all of them: its cost is by the channels.
func BenchmarkDue(b *testing.B) {
	for kind, on := range map[string]backend{"SQLite": onSQLite, "PostgreSQL": onPostgres} {
		for _, channels := range []int{1, 100, 10_000} {
			b.Run(fmt.Sprintf("%s/%d", kind, channels), func(b *testing.B) {
				db := open(b, on.address(b))
				const rows = 100_000
				if err := store.Exec(db, fmt.Sprintf(`INSERT INTO outbox (id, channel, profile, notification, payload, created, due, tries, state, error, ended, leased)
					WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
					SELECT i, i %% %d, 7, 1, '{}', 1, 4000000000000000, 0, 'waiting', '', 0, 0 FROM n`, rows, channels)); err != nil {
					b.Fatal(err)
				}
				for b.Loop() {
					if due, err := db.Due(b.Context(), time.Now(), 1000); err != nil || len(due) != 0 {
						b.Fatal(due, err)
					}
				}
			})
		}
	}
}
