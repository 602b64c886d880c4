package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	pglock "github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the tables up to date. Of several processes that do so on one
// PostgreSQL at the same time one does it, and the others wait for it.
func migrate(ctx context.Context, dialect goose.Dialect, db *sql.DB) error {
	p, err := provider(dialect, db)
	if err != nil {
		return err
	}
	have, known, err := p.GetVersions(ctx)
	if err != nil {
		return err
	}
	if have > known {
		return fmt.Errorf("%w: it has version %d of the tables, this program knows %d; run the newer program", ErrNewer, have, known)
	}
	if have == known {
		return nil
	}
	_, err = p.Up(ctx)
	return err
}

func provider(dialect goose.Dialect, db *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	options := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger())}
	if dialect == goose.DialectPostgres {
		locker, err := pglock.NewPostgresSessionLocker(pglock.WithLockTimeout(1, 60)) // every second, for a minute
		if err != nil {
			return nil, err
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	return goose.NewProvider(dialect, db, files, options...)
}
