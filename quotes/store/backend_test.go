package store_test

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/tickboard/tickboard/quotes/store"
	"github.com/tickboard/tickboard/quotes/store/pgtest"
)

// backend is one of the two kinds of databases.
type backend struct {
	// address makes an empty database: a path that connect takes, or an address.
	address func(testing.TB) string
}

var (
	onSQLite   = backend{func(t testing.TB) string { return filepath.Join(t.TempDir(), "test.db") }}
	onPostgres = backend{func(t testing.TB) string {
		s, err := server.start()
		pgtest.Skip(t, err)
		address, err := s.Database(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return address
	}}
)

// onBoth runs a test on SQLite and on PostgreSQL.
func onBoth(t *testing.T, test func(*testing.T, backend)) {
	for name, on := range map[string]backend{"SQLite": onSQLite, "PostgreSQL": onPostgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, on)
		})
	}
}

// connect opens a database at an address of either kind.
func connect(ctx context.Context, address string) (*store.DB, error) {
	if strings.HasPrefix(address, "postgres://") {
		return store.OpenPostgres(ctx, address)
	}
	return store.Open(ctx, address)
}

// server is the one PostgreSQL of these tests, started by the first that needs
// it and ended by TestMain.
var server shared

type shared struct {
	once   sync.Once
	server *pgtest.Server
	err    error
}

func (s *shared) start() (*pgtest.Server, error) {
	s.once.Do(func() { s.server, s.err = pgtest.New() })
	return s.server, s.err
}

func (s *shared) close() error {
	if s.server == nil {
		return nil
	}
	return s.server.Close()
}
