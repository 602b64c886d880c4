// Command tickboard is a real-time stock quote dashboard: market feeds in,
// pages, widgets and Server-Sent Events streams out.
//
// This file is wiring, and the order of start and stop; it is the only one that
// knows all parts. What it can be told is in web/config, which only it asks.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/feed/alpaca"
	"github.com/tickboard/tickboard/feed/binance"
	"github.com/tickboard/tickboard/feed/coinbase"
	"github.com/tickboard/tickboard/feed/finnhub"
	"github.com/tickboard/tickboard/feed/ingest"
	"github.com/tickboard/tickboard/feed/kraken"
	"github.com/tickboard/tickboard/feed/replay"
	"github.com/tickboard/tickboard/feed/sim"
	"github.com/tickboard/tickboard/feed/watch"
	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/quotes/alert"
	"github.com/tickboard/tickboard/quotes/deliver"
	"github.com/tickboard/tickboard/quotes/history"
	"github.com/tickboard/tickboard/quotes/profile"
	"github.com/tickboard/tickboard/quotes/store"
	"github.com/tickboard/tickboard/web"
	"github.com/tickboard/tickboard/web/config"
)

// schemes are the feeds that there are.
func schemes() feed.Schemes {
	return feed.Schemes{
		"sim": sim.Scheme(), "replay": replay.Scheme(recorded()),
		"alpaca": alpaca.Scheme(), "binance": binance.Scheme(), "coinbase": coinbase.Scheme(), "kraken": kraken.Scheme(),
		"finnhub": finnhub.Scheme(), "ingest": ingest.Scheme(), "stdin": ingest.StdinScheme(),
	}
}

// recorded are the vendors whose raw messages can be played again.
func recorded() map[string]replay.Format {
	return map[string]replay.Format{
		"alpaca":   {Decoder: alpaca.NewDecoder},
		"binance":  {Decoder: binance.Decoder, Basis: quotes.Rolling24h, Coins: true},
		"coinbase": {Decoder: func() feed.Decoder { return coinbase.NewDecoder() }, Basis: quotes.Rolling24h, Coins: true},
		"kraken":   {Decoder: func() feed.Decoder { return kraken.NewDecoder() }, Basis: quotes.Rolling24h, Coins: true},
		"finnhub":  {Decoder: finnhub.NewDecoder},
	}
}

// garbage is how many percent of what is in use may be garbage before it is
// collected, unless GOGC says another: streams live long and leave little
// behind, so that half of the usual costs no time that could be measured.
const garbage = 50

func main() {
	os.Exit(run(os.Args[1:], os.LookupEnv, os.Stdout, os.Stderr))
}

// run is the whole program; what it returns is the exit status: 2 for a start
// that cannot work, 1 for a failure later.
func run(args []string, env config.Env, stdout, stderr io.Writer) int {
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		return runCommand(args[0], args[1:], env, stdout, stderr)
	}
	cfg, err := config.Read(args, env)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, config.Help(schemes()))
		return 0
	case err == nil && cfg.Version:
		fmt.Fprintln(stdout, "tickboard", version())
		return 0
	}
	var p *program
	if err == nil {
		p, err = prepare(cfg, stderr)
	}
	if err != nil {
		fmt.Fprintf(stderr, "tickboard: %v\n", err)
		return 2
	}
	if _, set := env("GOGC"); !set {
		debug.SetGCPercent(garbage)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	if err := p.serve(ctx, stdout); err != nil {
		fmt.Fprintf(stderr, "tickboard: %v\n", err)
		return 1
	}
	return 0
}

// runCommand is what the program does beside serving.
func runCommand(name string, args []string, env config.Env, stdout, stderr io.Writer) int {
	var err error
	switch {
	case name == "watch":
		err = watchQuotes(args, env, stdout, stderr)
	case name == "backup":
		err = backup(args, env, stdout)
	case name == "feeds" && (len(args) == 0 || wantsHelp(args)):
		fmt.Fprint(stdout, schemes().Help())
	case name == "help" && (len(args) == 0 || wantsHelp(args)):
		fmt.Fprint(stdout, config.Help(schemes()))
	case name == "feeds" || name == "help":
		err = fmt.Errorf("%s takes nothing after it, not %q", name, args[0])
	default:
		err = fmt.Errorf("there is no command %q; there are watch, feeds, backup and help, and without one tickboard serves; see tickboard --help", name)
	}
	if err != nil {
		fmt.Fprintf(stderr, "tickboard: %v\n", err)
		return 2
	}
	return 0
}

// wantsHelp says that all that is given is one of the usual flags for help.
func wantsHelp(args []string) bool {
	return len(args) == 1 && slices.Contains([]string{"-h", "-help", "--help"}, args[0])
}

// watchQuotes is tickboard watch.
func watchQuotes(args []string, env config.Env, stdout, stderr io.Writer) error {
	open := func(urls []string) ([]feed.Spec, error) {
		return schemes().OpenAll(urls, env.Secret)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return watch.Command(ctx, args, env, open, stdout, stderr)
}

const backupUsage = "Usage: tickboard backup FILE [--data-dir FOLDER]"

// backup is tickboard backup.
func backup(args []string, env config.Env, stdout io.Writer) error {
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		return errors.New("name the file to write. " + backupUsage)
	}
	cfg, err := config.Read(args[1:], env)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintln(stdout, backupUsage)
		return nil
	case err != nil:
		return err
	case cfg.Database != "":
		return errors.New("the database is a PostgreSQL, which has a tool of its own: pg_dump --format=custom --file=FILE ADDRESS, and pg_restore to bring it back")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	size, err := store.Backup(ctx, store.DatabaseIn(cfg.DataDir), args[0])
	if err == nil {
		fmt.Fprintf(stdout, "%s: %d bytes\n", args[0], size)
	}
	return err
}

// program is everything that runs, and what is to be closed.
type program struct {
	cfg       config.Config
	log       *slog.Logger
	front     *web.Front
	dir       *store.Dir
	db        *store.DB
	market    *feed.Market
	hub       *web.QuoteHub
	notes     *alert.Log
	alerts    *alert.Engine
	guard     *deliver.Guard
	mail      *deliver.MailServer // nil without
	services  *deliver.Services
	outbox    *deliver.Runner
	web       *web.Server
	publicURL *url.URL
	cert      *web.Certificate // nil without TLS
	limit     web.StreamLimit
}

// prepare opens and binds everything that can be refused, and starts nothing.
// What it opened is closed again when a later step fails.
func prepare(cfg config.Config, stderr io.Writer) (_ *program, err error) {
	p := &program{cfg: cfg, log: cfg.Logger(stderr)}
	defer func() {
		if err != nil {
			p.close()
		}
	}()
	var market feed.Options
	if market.Specs, err = schemes().OpenAll(cfg.Feeds, cfg.Setting); err != nil {
		return nil, err
	}
	if market.Names, err = feed.ReadInstrumentsFile(cfg.Instruments); err != nil {
		return nil, fmt.Errorf("--instruments: %w", err)
	}
	for _, step := range []func() error{p.loadCertificate, p.parseDelivery, p.bind, p.limitStreams, p.openStore} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	token, err := p.adminToken()
	if err != nil {
		return nil, err
	}
	// The last quotes are those that the process before has stored.
	if market.Last, err = p.db.LoadQuotes(context.Background()); err != nil {
		return nil, err
	}
	market.Cache, market.Save = p.db, p.saveQuotes
	p.build(market, token)
	if err := p.alerts.Load(context.Background(), market.Last); err != nil {
		return nil, fmt.Errorf("read the alerts: %w", err)
	}
	return p, nil
}

// saveQuotes stores quotes for the next process. It compares the alerts with what
// happened after them, so what has happened up to them is stored first.
func (p *program) saveQuotes(ctx context.Context, list []*quotes.StockQuote) error {
	for _, q := range list {
		p.alerts.Observe(q) // one may be on its way to the hub still
	}
	if err := p.alerts.Flush(ctx); err != nil {
		return err
	}
	return p.db.SaveQuotes(ctx, list)
}

func (p *program) loadCertificate() (err error) {
	if p.cfg.TLSCert != "" {
		p.cert, err = web.LoadCertificate(p.cfg.TLSCert, p.cfg.TLSKey)
	}
	return err
}

func (p *program) limitStreams() error {
	p.limit = web.LimitStreams(p.cfg.MaxStreams)
	if p.limit.Warning != "" {
		p.log.Warn(p.limit.Warning)
	}
	return nil
}

func (p *program) bind() (err error) {
	p.front, err = web.Bind(web.FrontOptions{
		Addr: p.cfg.Addr, AdminAddr: p.cfg.AdminAddr, AdminGiven: p.cfg.AdminGiven, Certificate: p.cert,
		WriteTimeout: p.cfg.WriteTimeout, Drain: p.cfg.Drain, Logger: p.log,
	})
	if err == nil {
		p.publicURL = cmp.Or(p.cfg.PublicURL, p.front.URL())
	}
	return err
}

func (p *program) openStore() (err error) {
	if p.cfg.Database != "" {
		if p.db, err = store.OpenPostgres(context.Background(), p.cfg.Database); err != nil {
			return err
		}
	}
	if p.dir, err = store.OpenDir(p.cfg.DataDir); err == nil && p.db == nil {
		p.db, err = store.Open(context.Background(), p.dir.Database())
	}
	return err
}

// adminToken is the configured one, or the one in the data directory.
func (p *program) adminToken() (string, error) {
	if p.cfg.AdminToken != "" {
		return p.cfg.AdminToken, nil
	}
	token, path, created, err := p.dir.AdminToken()
	if err == nil {
		p.log.Info("the admin token is in a file", "path", path, "new", created)
	}
	return token, err
}

// build makes the parts and the way of a quote: alerts, history, then the hub.
func (p *program) build(market feed.Options, token string) {
	p.hub = web.NewQuoteHub()
	seen := history.NewIntraday()
	market.Logger, market.Publish = p.log, func(q *quotes.StockQuote) {
		p.alerts.Observe(q)
		seen.Observe(q)
		p.hub.Publish(q.Symbol, q, q.Version)
	}
	market.Soon = func(sym quotes.Symbol) bool { return p.alerts.Armed(sym) }
	p.market = feed.NewMarket(market)
	p.notes = web.NewLog(p.db, alert.Options{Logger: p.log, Keep: cmp.Or(p.cfg.Keep, -1), KeepFor: p.cfg.KeepFor})
	p.alerts = alert.NewEngine(p.db, alert.EngineOptions{
		Instrument: p.market.Directory().Lookup, Demand: p.market.Demand(), MaxRules: alert.MaxRules, Logger: p.log,
		Stored: func(list []alert.Notification) { p.web.Fired(list) },
	})
	p.guard = deliver.NewGuard(p.cfg.PrivateWebhooks)
	p.outbox = deliver.NewRunner(p.db, deliver.Options{
		Senders: p.senders(), PublicURL: p.publicURL, Alone: p.cfg.Database == "", Logger: p.log,
	})
	p.db.OnOutbox(p.outbox.Hint)
	p.web = web.New(web.Options{
		Hub: p.hub, Market: p.market, Log: p.notes, Alerts: p.alerts, Rules: p.db, History: seen, Profiles: p.db, Marks: p.db, Incidents: p.db, Posts: feed.Posts(market.Specs),
		Outbox: p.outbox, Channels: p.db,
		PublicURL: p.publicURL, AllowedHosts: p.cfg.AllowedHosts, CORSOrigins: p.cfg.CORSOrigins,
		EmbedAncestors: p.cfg.EmbedAncestors, FirstSymbols: p.cfg.Symbols, AdminToken: token, DevViews: p.cfg.DevViews,
		MaxRate: p.cfg.MaxRate, MaxSymbols: p.cfg.MaxSymbols,
		MaxStreams: p.limit.Max, MaxStreamsPerAddress: p.cfg.MaxPerAddress, MaxStreamsPerSecond: p.cfg.MaxPerSecond,
		TrustedProxies: p.cfg.TrustedProxies, AuthHeader: p.cfg.AuthHeader, Certificate: p.cert,
		Heartbeat: p.cfg.Heartbeat, WriteTimeout: p.cfg.WriteTimeout, Drain: p.cfg.Drain,
		Version: version(), Logger: p.log,
	})
}

// parseDelivery takes the mail server and the services that the operator has set.
func (p *program) parseDelivery() (err error) {
	if p.cfg.SMTP != "" {
		if p.mail, err = deliver.ParseMailServer(p.cfg.SMTP, p.cfg.SMTPPassword, p.cfg.MailFrom, p.log); err != nil {
			return fmt.Errorf("--smtp: %w", err)
		}
	}
	if p.services, err = deliver.ParseServices(p.cfg.Services, p.log); err != nil {
		return fmt.Errorf("TICKBOARD_SERVICES: %w", err)
	}
	return nil
}

// senders are the ways out of the house.
func (p *program) senders() deliver.Senders {
	all := deliver.NewSenders(p.guard)
	all[deliver.Push] = deliver.NewPushSender(p.db, p.guard, p.contact())
	if p.mail != nil {
		all[deliver.Email] = deliver.NewMailSender(p.mail, p.db, strings.TrimSuffix(p.publicURL.String(), "/"))
	}
	if len(p.services.Names()) > 0 {
		all[deliver.Service] = deliver.NewServiceSender(p.services)
	}
	return all
}

// contact is whom the push services of browsers may turn to about this server
// (RFC 8292, section 2.1).
func (p *program) contact() string {
	switch {
	case p.mail != nil:
		return p.mail.Address()
	case p.publicURL.Scheme == "https":
		return p.publicURL.String()
	}
	return "operator@" + p.publicURL.Hostname()
}

// serve runs until ctx ends or a part fails. The back (feeds, notifications)
// starts before the front (HTTP) and stops after it.
func (p *program) serve(ctx context.Context, stdout io.Writer) error {
	defer p.close()
	backCtx, stopBack := context.WithCancel(context.Background())
	defer stopBack()
	back, backCtx := errgroup.WithContext(backCtx)
	// The alerts that the last quotes have met are stored, and what is being
	// delivered is noted, before the database is closed.
	alertsCtx, stopAlerts := context.WithCancel(context.WithoutCancel(backCtx))
	back.Go(func() error { defer stopAlerts(); return p.market.Run(backCtx) })
	outboxCtx, stopOutbox := context.WithCancel(context.WithoutCancel(backCtx))
	back.Go(func() error { defer stopOutbox(); return p.alerts.Run(alertsCtx) })
	back.Go(func() error { return p.outbox.Run(outboxCtx) })
	back.Go(func() error { return p.notes.Run(backCtx) })
	back.Go(func() error { return tidy(backCtx) })
	back.Go(func() error { return p.web.Run(backCtx) })
	back.Go(func() error { return profile.RunRetire(backCtx, p.db, p.log) })
	if p.cert != nil {
		hangups := make(chan os.Signal, 1)
		signal.Notify(hangups, syscall.SIGHUP)
		defer signal.Stop(hangups)
		back.Go(func() error { return p.cert.ReloadOn(backCtx, hangups, p.log) })
	}
	p.market.Await(ctx)

	// The front ends when it is told to, and when a part of the back fails.
	frontCtx, stopFront := context.WithCancel(ctx)
	defer stopFront()
	defer context.AfterFunc(backCtx, stopFront)()
	fmt.Fprintf(stdout, "tickboard: %s\n", p.front.URL())
	p.log.Info("started", p.summary()...)
	err := p.front.Run(frontCtx, p.web)
	stopBack()
	err = cmp.Or(err, back.Wait())
	p.log.Info("stopped")
	return err
}

// tidy collects garbage where nothing else made the runtime do it for half a
// minute. A server whose streams mostly wait makes little, and without this that
// little would pile up for minutes, to as much again as all that is in use.
func tidy(ctx context.Context) error {
	ticker := time.NewTicker(30 * time.Second)
	defer ticker.Stop()
	var now, before runtime.MemStats
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		if runtime.ReadMemStats(&now); now.NumGC == before.NumGC {
			runtime.GC()
			runtime.ReadMemStats(&now)
		}
		before = now
	}
}

// close gives back whatever prepare opened, the lock last.
func (p *program) close() {
	if p.hub != nil {
		p.hub.Close()
	}
	if p.front != nil {
		p.front.Close()
	}
	if p.guard != nil {
		p.guard.Close()
	}
	if p.db != nil {
		if err := p.db.Close(); err != nil {
			p.log.Error("closing the database", "error", err)
		}
	}
	if p.dir != nil {
		if err := p.dir.Close(); err != nil {
			p.log.Error("closing the data directory", "error", err)
		}
	}
}

// version is what the build knows of itself.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	name := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 && (name == "" || name == "(devel)") {
			name = s.Value[:12]
		}
	}
	return cmp.Or(name, "(devel)")
}

// summary is what the log says of the configuration; no secrets.
func (p *program) summary() []any {
	var feeds []string
	for _, st := range p.market.States() {
		feeds = append(feeds, st.URL)
	}
	list := []any{
		"version", version(), "addr", p.front.Addr(), "admin_addr", p.front.AdminAddr(), "public_url", p.publicURL.String(),
		"feeds", strings.Join(feeds, " "), "data_dir", p.cfg.DataDir, "database", p.db.String(),
		"max_rate", p.cfg.MaxRate, "max_symbols", p.cfg.MaxSymbols,
		"max_streams", p.limit.Max, "max_streams_because", p.limit.Why,
		"max_streams_per_address", p.cfg.MaxPerAddress, "max_streams_per_second", p.cfg.MaxPerSecond,
		"cors_origins", strings.Join(p.cfg.CORSOrigins, ","), "drain", p.cfg.Drain, "private_webhooks", p.cfg.PrivateWebhooks,
		"services", strings.Join(p.services.Names(), ","),
	}
	if p.mail != nil {
		list = append(list, "smtp", p.mail.String(), "mail_from", p.mail.Address())
	}
	if p.cfg.AuthHeader != "" {
		list = append(list, "auth_header", p.cfg.AuthHeader)
	}
	if p.cert != nil {
		list = append(list, "tls_names", strings.Join(p.cert.Names(), " "), "tls_expires", p.cert.Expires())
	}
	return list
}
