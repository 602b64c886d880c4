// Package config is all that the program can be told at its start: flags, their
// environment variables, secrets, and what each of them means.
//
// It promises a [Config] that is checked as a whole, or an error that says what to
// write instead. It opens nothing but the files that hold secrets, and only main
// asks it; all other packages are given what they need.
//
//	config.go   what is told, and how it is read
//	flags.go    the table of flags: names, defaults, what they mean
//	values.go   kinds of flags: lists, times in days
//	check.go    what may be told, and what goes with what
//	secret.go   the environment, and secrets in it or in files
//	help.go     the text of tickboard --help
package config

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"time"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/web"
)

// Config is the whole configuration, checked. A field's comment is what its flag's
// help does not say.
type Config struct {
	Addr       string
	AdminAddr  string // "" is off
	AdminGiven bool   // the admin address is asked for, not the default

	PublicURL      *url.URL // nil is the address that is served
	AllowedHosts   []string
	CORSOrigins    []string // nil is none
	EmbedAncestors []string // nil is any
	TrustedProxies web.Networks
	AuthHeader     string // "" is none
	TLSCert        string // "" is none, and so is then TLSKey
	TLSKey         string

	DataDir  string
	Database string // "" is the file in DataDir
	Keep     int    // how many notifications; 0 is no limit
	KeepFor  time.Duration

	Feeds       []string // never none
	Instruments string   // "" is none
	Symbols     []quotes.Symbol

	MaxRate       float64 // writes a second
	MaxSymbols    int
	MaxStreams    int // 0 follows the file descriptors
	MaxPerAddress int // 0 is no limit
	MaxPerSecond  int // 0 is no limit
	Heartbeat     time.Duration
	WriteTimeout  time.Duration
	Drain         time.Duration

	PrivateWebhooks bool
	SMTP, MailFrom  string // "" is none
	SMTPPassword    string
	Services        string // lines of name=url
	AdminToken      string // "" is the one in DataDir

	LogLevel  slog.Level
	LogFormat string // "text" or "json"
	DevViews  bool
	Version   bool // print the version, and no more

	// Setting reads what a feed needs to know, by the name that its scheme gives.
	Setting feed.Env
}

// Read reads the flags, then the environment for those that are not given. The
// error is for the person who started the program, or flag.ErrHelp.
func Read(args []string, env Env) (Config, error) {
	var cfg Config
	var t texts
	fs := flags(&cfg, &t)
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return cfg, err
		}
		return cfg, fmt.Errorf("%w; see tickboard --help", err)
	}
	if fs.NArg() > 0 {
		return cfg, fmt.Errorf("%q is no flag; see tickboard --help", fs.Arg(0))
	}
	given, err := env.fill(fs)
	if err != nil {
		return cfg, err
	}
	cfg.AdminGiven = given["admin-addr"]
	if err := cfg.check(t); err != nil {
		return cfg, err
	}
	cfg.Setting = env.Secret
	return cfg, cfg.readSecrets(given["database"])
}

// readSecrets reads what is in no flag, or rather not in one.
func (cfg *Config) readSecrets(databaseGiven bool) (err error) {
	for _, secret := range []struct {
		name string
		into *string
	}{
		{"DATABASE", &cfg.Database},
		{"ADMIN_TOKEN", &cfg.AdminToken},
		{"SMTP_PASSWORD", &cfg.SMTPPassword},
		{"SERVICES", &cfg.Services},
	} {
		if secret.name == "DATABASE" && databaseGiven {
			continue
		}
		if *secret.into, err = cfg.Setting(secret.name); err != nil {
			return err
		}
	}
	return nil
}

// Logger writes the log as it is configured.
func (cfg Config) Logger(w io.Writer) *slog.Logger {
	opts := &slog.HandlerOptions{Level: cfg.LogLevel}
	if cfg.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}
