package config

import (
	"flag"
	"io"
	"os"
	"path/filepath"
	"time"
)

const (
	defaultAddr      = "127.0.0.1:8080"
	defaultAdminAddr = "127.0.0.1:8081"
	defaultSymbols   = "AAPL,MSFT,NVDA,GOOGL,AMZN,META,TSLA,JPM,PETR4,VALE3,BTC/USD,ETH/USD"
)

// texts are the flags that are checked after all have been read.
type texts struct {
	publicURL, allowedHosts, corsOrigins, embedAncestors, trustedProxies, symbols, logLevel string
	feeds                                                                                   list
}

// flags are all flags, with their defaults set.
func flags(cfg *Config, t *texts) *flag.FlagSet {
	t.feeds.values = []string{"sim://"}
	fs := flag.NewFlagSet("tickboard", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.StringVar(&cfg.Addr, "addr", defaultAddr, "`host:port` to serve; port 0 takes a free one")
	fs.StringVar(&cfg.AdminAddr, "admin-addr", defaultAdminAddr, "`host:port` of the sources (/feeds), metrics and profiles; empty is off")
	fs.StringVar(&t.publicURL, "public-url", "", "`address` in snippets and links, and an allowed origin (default: derived from --addr)")
	fs.StringVar(&t.allowedHosts, "allowed-hosts", "", "comma list of further host `names` that requests may bear")
	fs.StringVar(&t.corsOrigins, "cors-origins", "*", "comma list of `origins` that may read streams and quotes; * is any, none also turns framing off")
	fs.StringVar(&t.embedAncestors, "embed-ancestors", "", "comma list of `origins` that may frame a widget (default: any)")
	fs.StringVar(&cfg.DataDir, "data-dir", defaultDataDir(), "`folder` of the database and the admin token")
	fs.IntVar(&cfg.Keep, "keep-notifications", 100_000, "`number` of notifications that are kept, the newest; 0 is no limit")
	fs.Var((*days)(&cfg.KeepFor), "keep-notifications-for", "`time` for which they are kept, as 90d or 36h; 0 is for ever")
	fs.StringVar(&cfg.Database, "database", "", "`address` of a PostgreSQL that takes the place of the file in --data-dir, postgres://user@host:5432/name; with a password write it into TICKBOARD_DATABASE or the file that TICKBOARD_DATABASE_FILE names")
	fs.Var(&t.feeds, "feed", "`URL` of a feed, may be given several times: sim://?seed=7&rate=2, replay://PATH?speed=10&loop=1")
	fs.StringVar(&cfg.Instruments, "instruments", "", "`file` of names for the feeds' symbols: CSV with the header symbol,name[,exchange,currency,type,decimals], or nasdaqlisted.txt or otherlisted.txt of Nasdaq Trader")
	fs.StringVar(&t.symbols, "symbols", defaultSymbols, "comma list of `symbols` that a first visit shows")
	fs.Float64Var(&cfg.MaxRate, "max-rate", 10, "`writes` a second to one stream, from 0.1 to 50, where it asks for none")
	fs.DurationVar(&cfg.Heartbeat, "heartbeat", 15*time.Second, "`time` of silence after which a stream sends a heartbeat")
	fs.DurationVar(&cfg.WriteTimeout, "write-timeout", 30*time.Second, "`time` after which a client that takes nothing is dropped")
	fs.DurationVar(&cfg.Drain, "drain", 0, "`time` over which a stop spreads its goodbyes to the streams; 0 is all at once")
	fs.IntVar(&cfg.MaxStreams, "max-streams", 0, "`number` of streams at once, more are told to come back later; 0 follows the file descriptors (ulimit -n)")
	fs.IntVar(&cfg.MaxPerAddress, "max-streams-per-address", 200, "`number` of streams at once from one public address (IPv6: /64); 0 is no limit")
	fs.IntVar(&cfg.MaxPerSecond, "max-streams-per-second", 0, "`number` of new streams in a second; 0 is no limit")
	fs.StringVar(&t.trustedProxies, "trusted-proxies", "", "comma list of `addresses` and networks whose X-Forwarded-For and -Proto are believed; loopback and private are words for theirs")
	fs.StringVar(&cfg.AuthHeader, "auth-header", "", "`name` of the header in which --trusted-proxies say who the user is, as X-Forwarded-User; in place of a cookie")
	fs.BoolVar(&cfg.PrivateWebhooks, "allow-private-webhooks", false, "let people have notifications sent to any address, of this network too and without https: for a server at home")
	fs.StringVar(&cfg.SMTP, "smtp", "", "`address` of the mail server for letters, smtp://user@host:587, or smtps:// where TLS begins at once; its password is TICKBOARD_SMTP_PASSWORD or in the file that TICKBOARD_SMTP_PASSWORD_FILE names")
	fs.StringVar(&cfg.MailFrom, "mail-from", "", "mail `address` that letters are from, as quotes@example.com; needed with --smtp")
	fs.StringVar(&cfg.TLSCert, "tls-cert", "", "PEM `file` of the certificate chain to serve HTTPS with; SIGHUP reads it again")
	fs.StringVar(&cfg.TLSKey, "tls-key", "", "PEM `file` of its key")
	fs.IntVar(&cfg.MaxSymbols, "max-symbols", 200, "`number` of symbols on one stream")
	fs.StringVar(&t.logLevel, "log-level", "info", "debug, info, warn or error")
	fs.StringVar(&cfg.LogFormat, "log-format", "text", "text or json")
	fs.BoolVar(&cfg.DevViews, "dev-views", false, "serve /dev/views: every view with canned data")
	fs.BoolVar(&cfg.Version, "version", false, "print the version")
	return fs
}

// defaultDataDir is the user's state directory (XDG Base Directory
// Specification), "" where there is no home.
func defaultDataDir() string {
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "tickboard")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return filepath.Join(home, ".local", "state", "tickboard")
}
