package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

const (
	// connectTime bounds the attempt to reach a server, unless the address says
	// otherwise (connect_timeout).
	connectTime = 5 * time.Second
	// callTime bounds one call, reaching the server included: beyond the
	// server's own limits, for one that has fallen silent.
	callTime = 10 * time.Second
	// connectionLife is how long a connection is used, so that a move of the
	// server is followed.
	connectionLife = 30 * time.Minute
)

// settings are what a session has unless the address says otherwise. The limits
// (in milliseconds) keep a process that hangs within a transaction from holding
// up the others.
var settings = map[string]string{
	"application_name":                    "tickboard",
	"statement_timeout":                   "5000",
	"lock_timeout":                        "5000",
	"idle_in_transaction_session_timeout": "5000",
	"default_transaction_isolation":       "read committed",
}

// OpenPostgres reaches the PostgreSQL at an address, as
// postgres://user:password@host:5432/name?sslmode=verify-full, and brings its
// tables up to date. It uses five connections at most. An error says what to do
// and never has the password.
func OpenPostgres(ctx context.Context, address string) (*DB, error) {
	cfg, err := parsePostgres(address)
	if err != nil {
		return nil, err
	}
	d := newDB(postgresName(cfg), callTime)
	if err := preparePostgres(ctx, cfg); err != nil {
		return nil, explainPostgres(d.name, err)
	}
	d.write, d.read = postgresPool(cfg, 1), postgresPool(cfg, readers)
	return d, nil
}

// parsePostgres reads the address. What is wrong with it is told without it:
// where it is malformed nobody knows which part is the password.
func parsePostgres(address string) (*pgx.ConnConfig, error) {
	const form = "write postgres://USER:PASSWORD@HOST:5432/NAME, with what is no letter or digit in the password as %XX" //nolint:gosec // no password
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return nil, errors.New("the address of the database is malformed; " + form)
	}
	query := u.Query()
	if query.Get("target_session_attrs") == "" {
		query.Set("target_session_attrs", "primary") // of several hosts the one that is not a copy
		u.RawQuery = query.Encode()
	}
	cfg, err := pgx.ParseConfig(u.String())
	if err != nil {
		return nil, fmt.Errorf("the address of the database: %s; %s", strings.ReplaceAll(reason(err), cmp.Or(password(u), "\n"), "xxxxx"), form)
	}
	if query.Get("connect_timeout") == "" {
		cfg.ConnectTimeout = connectTime
	}
	for name, value := range settings {
		if cfg.RuntimeParams[name] == "" {
			cfg.RuntimeParams[name] = value
		}
	}
	return cfg, nil
}

func password(u *url.URL) string {
	text, _ := u.User.Password() // without one it is ""
	return cmp.Or(text, u.Query().Get("password"))
}

// reason is a parser's error without the address.
func reason(err error) string {
	if cause := errors.Unwrap(err); cause != nil {
		return oneLine(cause)
	}
	return "it cannot be understood"
}

// postgresName is the server and the database, for a log.
func postgresName(cfg *pgx.ConnConfig) string {
	host := cfg.Host
	if !strings.HasPrefix(host, "/") { // the folder of a socket
		host = net.JoinHostPort(host, strconv.Itoa(int(cfg.Port)))
	}
	return "postgres " + host + " " + cfg.Database
}

// postgresPool connects when there is something to ask, and anew after the
// server was away.
func postgresPool(cfg *pgx.ConnConfig, connections int) *sql.DB {
	db := stdlib.OpenDB(*cfg, stdlib.OptionAfterConnect(commitDurably))
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	db.SetConnMaxLifetime(connectionLife)
	return db
}

// commitDurably undoes a server's setting by which a commit does not wait for
// the disk; the settings that wait for more stay.
func commitDurably(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, `SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'`)
	return err
}

// preparePostgres checks the database and brings its tables up to date, over a
// connection of its own, on which a statement may take its time.
func preparePostgres(ctx context.Context, cfg *pgx.ConnConfig) (err error) {
	patient := cfg.Copy()
	patient.RuntimeParams["statement_timeout"], patient.RuntimeParams["lock_timeout"] = "0", "0"
	db := postgresPool(patient, 2)
	defer func() { err = errors.Join(err, db.Close()) }()
	var encoding string
	if err := db.QueryRowContext(ctx, `SHOW server_encoding`).Scan(&encoding); err != nil {
		return err
	}
	if encoding != "UTF8" {
		return fmt.Errorf("its encoding is %s; make one with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0", encoding)
	}
	return migrate(ctx, goose.DialectPostgres, db)
}

// explainPostgres adds to what the server says what a person can do about it.
func explainPostgres(name string, err error) error {
	advice := ""
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch e.Code {
		case "28P01", "28000":
			advice = "; check the user and the password in the address, and the server's pg_hba.conf"
		case "3D000":
			advice = "; make it with CREATE DATABASE, or correct the name in the address"
		case "42501":
			advice = "; let the user make tables: GRANT CREATE ON SCHEMA public TO …"
		case "25006":
			advice = "; give the address of the server that takes changes"
		}
	} else if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		advice = "; start the server or correct the address"
	}
	return fmt.Errorf("open the database %s: %w%s", name, flat{err}, advice)
}

// flat is an error whose text is one line.
type flat struct{ error }

func (f flat) Error() string { return oneLine(f.error) }
func (f flat) Unwrap() error { return f.error }
