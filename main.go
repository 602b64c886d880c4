// Command tickboard is a real-time stock quote dashboard: market feeds in,
// pages, widgets and Server-Sent Events streams out.
//
// This file is configuration, wiring, and the order of start and stop; it is the
// only one that knows all parts, and the only one that reads flags and the
// environment.
package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
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

const (
	defaultAddr      = "127.0.0.1:8080"
	defaultAdminAddr = "127.0.0.1:8081"
	defaultSymbols   = "AAPL,MSFT,NVDA,GOOGL,AMZN,META,TSLA,JPM,PETR4,VALE3,BTC/USD,ETH/USD"

	// settleTime is how long the start waits for the feeds to say what they have.
	settleTime = 3 * time.Second
	// quotesTime is how long it then waits for a quote of every symbol.
	quotesTime = 500 * time.Millisecond
	// drainTime and stopTime bound the two halves of a stop, beside --drain;
	// together they stay below the two seconds that a stop under load may take.
	drainTime = 1200 * time.Millisecond
	stopTime  = 500 * time.Millisecond
)

func main() {
	os.Exit(run(os.Args[1:], os.LookupEnv, os.Stdout, os.Stderr))
}

// run is the whole program; what it returns is the exit status: 2 for a start
// that cannot work, 1 for a failure later.
func run(args []string, env func(string) (string, bool), stdout, stderr io.Writer) int {
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		return runCommand(args[0], args[1:], env, stdout, stderr)
	}
	cfg, err := configure(args, env)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, help())
		return 0
	case err == nil && cfg.version:
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
func runCommand(name string, args []string, env func(string) (string, bool), stdout, stderr io.Writer) int {
	var err error
	switch {
	case name == "watch":
		err = watchQuotes(args, env, stdout, stderr)
	case name == "backup":
		err = backup(args, env, stdout)
	case name == "feeds" && (len(args) == 0 || wantsHelp(args)):
		fmt.Fprint(stdout, schemes().Help())
	case name == "help" && (len(args) == 0 || wantsHelp(args)):
		fmt.Fprint(stdout, help())
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
func watchQuotes(args []string, env func(string) (string, bool), stdout, stderr io.Writer) error {
	open := func(urls []string) ([]feed.Spec, error) {
		return openFeeds(urls, func(name string) (string, error) { return secret(name, env) })
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return watch.Command(ctx, args, env, open, stdout, stderr)
}

const backupUsage = "Usage: tickboard backup FILE [--data-dir FOLDER]"

// backup is tickboard backup.
func backup(args []string, env func(string) (string, bool), stdout io.Writer) error {
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		return errors.New("name the file to write. " + backupUsage)
	}
	cfg, err := configure(args[1:], env)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintln(stdout, backupUsage)
		return nil
	case err != nil:
		return err
	case cfg.database != "":
		return errors.New("the database is a PostgreSQL, which has a tool of its own: pg_dump --format=custom --file=FILE ADDRESS, and pg_restore to bring it back")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	size, err := store.Backup(ctx, store.DatabaseIn(cfg.dataDir), args[0])
	if err == nil {
		fmt.Fprintf(stdout, "%s: %d bytes\n", args[0], size)
	}
	return err
}

// program is everything that runs, and what is to be closed.
type program struct {
	cfg       config
	log       *slog.Logger
	listener  net.Listener
	admin     net.Listener // nil when off
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
func prepare(cfg config, stderr io.Writer) (_ *program, err error) {
	p := &program{cfg: cfg, log: newLogger(cfg, stderr)}
	defer func() {
		if err != nil {
			p.close()
		}
	}()
	var market feed.Options
	if market.Specs, err = openFeeds(cfg.feeds, cfg.setting); err != nil {
		return nil, err
	}
	if market.Names, err = feed.ReadInstrumentsFile(cfg.instruments); err != nil {
		return nil, fmt.Errorf("--instruments: %w", err)
	}
	for _, step := range []func() error{p.loadCertificate, p.parseDelivery, p.listen, p.limitStreams, p.openStore} {
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

func openFeeds(urls []string, env feed.Env) ([]feed.Spec, error) {
	specs := make([]feed.Spec, 0, len(urls))
	for _, u := range urls {
		spec, err := schemes().Open(u, env)
		if err != nil {
			return nil, err
		}
		if spec.Posts != nil && posts(specs) != nil {
			return nil, fmt.Errorf("feed %s: there is one address for posts, and another feed has it already; give one ingest:// only, several programs may post to it", spec.URL)
		}
		specs = append(specs, spec)
	}
	return specs, nil
}

// posts takes what clients post: the source that does, nil without one.
func posts(specs []feed.Spec) http.Handler {
	for _, spec := range specs {
		if spec.Posts != nil {
			return spec.Posts
		}
	}
	return nil
}

func (p *program) loadCertificate() (err error) {
	if p.cfg.tlsCert != "" {
		p.cert, err = web.LoadCertificate(p.cfg.tlsCert, p.cfg.tlsKey)
	}
	return err
}

func (p *program) limitStreams() error {
	p.limit = web.LimitStreams(p.cfg.maxStreams)
	if p.limit.Warning != "" {
		p.log.Warn(p.limit.Warning)
	}
	return nil
}

// listen binds both addresses. The default admin address is a convenience: when
// it is taken the program does without.
func (p *program) listen() (err error) {
	if p.listener, err = net.Listen("tcp", p.cfg.addr); err != nil {
		return fmt.Errorf("cannot listen on %s (%w); stop what uses it, or give another --addr, as 127.0.0.1:0 for any free port", p.cfg.addr, plain(err))
	}
	p.publicURL = cmp.Or(p.cfg.publicURL, p.ownURL())
	if p.cfg.adminAddr == "" {
		return nil
	}
	p.admin, err = net.Listen("tcp", p.cfg.adminAddr)
	switch {
	case err == nil:
		return nil
	case p.cfg.adminGiven:
		return fmt.Errorf("cannot listen on %s (%w); give another --admin-addr, or an empty one to do without", p.cfg.adminAddr, plain(err))
	}
	p.admin = nil
	p.log.Warn("no metrics and profiles: the default admin address is taken; give --admin-addr", "addr", p.cfg.adminAddr)
	return nil
}

func (p *program) openStore() (err error) {
	if p.cfg.database != "" {
		if p.db, err = store.OpenPostgres(context.Background(), p.cfg.database); err != nil {
			return err
		}
	}
	if p.dir, err = store.OpenDir(p.cfg.dataDir); err == nil && p.db == nil {
		p.db, err = store.Open(context.Background(), p.dir.Database())
	}
	return err
}

// adminToken is the configured one, or the one in the data directory.
func (p *program) adminToken() (string, error) {
	if p.cfg.adminToken != "" {
		return p.cfg.adminToken, nil
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
	p.notes = web.NewLog(p.db, alert.Options{Logger: p.log, Keep: cmp.Or(p.cfg.keep, -1), KeepFor: time.Duration(p.cfg.keepFor)})
	p.alerts = alert.NewEngine(p.db, alert.EngineOptions{
		Instrument: p.market.Directory().Lookup, Demand: p.market.Demand(), MaxRules: alert.MaxRules, Logger: p.log,
		Stored: func(list []alert.Notification) { p.web.Fired(list) },
	})
	p.guard = deliver.NewGuard(p.cfg.privateWebhooks)
	p.outbox = deliver.NewRunner(p.db, deliver.Options{
		Senders: p.senders(), PublicURL: p.publicURL, Alone: p.cfg.database == "", Logger: p.log,
	})
	p.db.OnOutbox(p.outbox.Hint)
	p.web = web.New(web.Options{
		Hub: p.hub, Market: p.market, Log: p.notes, Alerts: p.alerts, Rules: p.db, History: seen, Profiles: p.db, Marks: p.db, Incidents: p.db, Posts: posts(market.Specs),
		Outbox: p.outbox, Channels: p.db,
		PublicURL: p.publicURL, AllowedHosts: p.cfg.allowedHosts, CORSOrigins: p.cfg.corsOrigins,
		EmbedAncestors: p.cfg.embedAncestors, FirstSymbols: p.cfg.symbols, AdminToken: token, DevViews: p.cfg.devViews,
		MaxRate: p.cfg.maxRate, MaxSymbols: p.cfg.maxSymbols,
		MaxStreams: p.limit.Max, MaxStreamsPerAddress: p.cfg.maxPerAddress, MaxStreamsPerSecond: p.cfg.maxPerSecond,
		TrustedProxies: p.cfg.trustedProxies, AuthHeader: p.cfg.authHeader, Certificate: p.cert,
		Heartbeat: p.cfg.heartbeat, WriteTimeout: p.cfg.writeTimeout, Drain: p.cfg.drain,
		Version: version(), Logger: p.log,
	})
}

// parseDelivery takes the mail server and the services that the operator has set.
func (p *program) parseDelivery() (err error) {
	if p.cfg.smtp != "" {
		if p.mail, err = deliver.ParseMailServer(p.cfg.smtp, p.cfg.smtpPassword, p.cfg.mailFrom, p.log); err != nil {
			return fmt.Errorf("--smtp: %w", err)
		}
	}
	if p.services, err = deliver.ParseServices(p.cfg.services, p.log); err != nil {
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
		back.Go(func() error { return p.reloadCertificate(backCtx, hangups) })
	}
	p.awaitFeeds(ctx)

	front, frontCtx := errgroup.WithContext(ctx)
	servers := p.httpServers()
	for listener, server := range servers {
		front.Go(func() error {
			serve := server.Serve
			if server.TLSConfig != nil {
				serve = func(l net.Listener) error { return server.ServeTLS(web.Listen(l), "", "") }
			}
			if err := serve(listener); !errors.Is(err, http.ErrServerClosed) {
				return fmt.Errorf("serve %s: %w", listener.Addr(), err)
			}
			return nil
		})
	}
	fmt.Fprintf(stdout, "tickboard: %s\n", p.ownURL())
	p.log.Info("started", p.summary()...)

	select {
	case <-frontCtx.Done():
	case <-backCtx.Done():
	}
	p.log.Info("stopping")
	p.stopFront(servers)
	err := front.Wait()
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

// reloadCertificate reads the certificate anew at every hangup until ctx ends. A
// bad one costs a line in the log, and the one before stays.
func (p *program) reloadCertificate(ctx context.Context, hangups <-chan os.Signal) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-hangups:
		}
		if err := p.cert.Reload(); err != nil {
			p.log.Error("the certificate stays as it was; put a good pair there and send SIGHUP again", "error", err)
			continue
		}
		p.log.Info("new certificate", "names", strings.Join(p.cert.Names(), " "), "expires", p.cert.Expires())
	}
}

// awaitFeeds lets the first visit find quotes instead of an empty page, without
// waiting long for a slow feed: first for the lists, then for quotes.
func (p *program) awaitFeeds(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	select {
	case <-ctx.Done():
		return
	case <-p.market.Directory().Settled():
	}
	enough := time.After(quotesTime)
	look := time.NewTicker(2 * time.Millisecond)
	defer look.Stop()
	for !p.market.Complete() {
		select {
		case <-ctx.Done():
			return
		case <-enough:
			return
		case <-look.C:
		}
	}
}

func (p *program) httpServers() map[net.Listener]*http.Server {
	newServer := func(h http.Handler) *http.Server {
		return &http.Server{
			// No ReadTimeout and no WriteTimeout: they would end every stream.
			Handler: h, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
			ConnContext: web.ConnContext, ErrorLog: slog.NewLogLogger(p.log.Handler(), slog.LevelDebug),
		}
	}
	front := newServer(p.web.Handler())
	if p.cert != nil {
		p.cert.Serve(front, p.cfg.writeTimeout)
	}
	servers := map[net.Listener]*http.Server{p.listener: front}
	if p.admin != nil {
		servers[p.admin] = newServer(p.web.AdminHandler())
	}
	return servers
}

// stopFront says goodbye to the streams, then lets the servers end what they
// are answering; what takes too long is cut.
func (p *program) stopFront(servers map[net.Listener]*http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), p.cfg.drain+drainTime)
	defer cancel()
	if err := p.web.Drain(ctx); err != nil {
		p.log.Warn("not every stream took its goodbye", "error", err)
	}
	ctx, cancel = context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	var wg errgroup.Group
	for _, server := range servers {
		wg.Go(func() error {
			if err := server.Shutdown(ctx); err != nil {
				return server.Close()
			}
			return nil
		})
	}
	if err := wg.Wait(); err != nil {
		p.log.Warn("closing the listeners", "error", err)
	}
}

// close gives back whatever prepare opened, the lock last.
func (p *program) close() {
	if p.hub != nil {
		p.hub.Close()
	}
	for _, l := range []net.Listener{p.listener, p.admin} {
		if l != nil {
			_ = l.Close() // closed already, but for a start that failed
		}
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

// ownURL is the address of the main listener as a person opens it.
func (p *program) ownURL() *url.URL {
	host, port, err := net.SplitHostPort(p.listener.Addr().String())
	if err != nil {
		panic(err) // of a listener of ours
	}
	if ip := net.ParseIP(host); ip.IsUnspecified() {
		host = "localhost"
	}
	scheme := "http"
	if p.cert != nil {
		scheme = "https"
	}
	return &url.URL{Scheme: scheme, Host: net.JoinHostPort(host, port)}
}

// plain is a network error without the operation and address, which the message
// around it has.
func plain(err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		err = op.Err
	}
	if sys, ok := errors.AsType[*os.SyscallError](err); ok {
		err = sys.Err
	}
	return err
}

func newLogger(cfg config, w io.Writer) *slog.Logger {
	opts := &slog.HandlerOptions{Level: cfg.logLevel}
	if cfg.logFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
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

// config is the whole configuration, checked.
type config struct {
	addr, adminAddr string
	adminGiven      bool // the admin address is not the default
	publicURL       *url.URL
	allowedHosts    []string
	corsOrigins     []string
	embedAncestors  []string
	dataDir         string
	database        string // "" is the file in dataDir
	keep            int    // 0 is no limit
	keepFor         days
	feeds           []string
	instruments     string
	symbols         []quotes.Symbol
	maxRate         float64
	maxSymbols      int
	maxStreams      int // 0 follows the file descriptors
	maxPerAddress   int
	maxPerSecond    int
	trustedProxies  web.Networks
	authHeader      string
	privateWebhooks bool
	smtp, mailFrom  string // "" is none
	smtpPassword    string
	services        string // lines of name=url
	heartbeat       time.Duration
	writeTimeout    time.Duration
	drain           time.Duration
	tlsCert, tlsKey string
	logLevel        slog.Level
	logFormat       string
	devViews        bool
	version         bool
	adminToken      string
	setting         feed.Env
}

// list is a flag that may be given several times.
type list struct {
	values []string
	given  bool
}

func (l *list) String() string { return strings.Join(l.values, " ") }

func (l *list) Set(value string) error {
	if !l.given {
		l.values, l.given = nil, true
	}
	l.values = append(l.values, strings.Fields(value)...)
	return nil
}

// days is a flag for a time that may be long: 90d, or as time.ParseDuration has it.
type days time.Duration

func (d *days) String() string {
	if *d != 0 && *d%days(24*time.Hour) == 0 {
		return fmt.Sprint(int(time.Duration(*d).Hours())/24, "d")
	}
	return time.Duration(*d).String()
}

func (d *days) Set(value string) error {
	if count, ok := strings.CutSuffix(value, "d"); ok {
		n, err := strconv.ParseUint(count, 10, 16)
		if err != nil {
			return errors.New("write whole days, as 90d")
		}
		*d = days(n) * days(24*time.Hour)
		return nil
	}
	length, err := time.ParseDuration(value)
	if err != nil {
		return errors.New("write a time, as 90d or 36h")
	}
	*d = days(length)
	return nil
}

// texts are the flags that are checked after all have been read.
type texts struct {
	publicURL, allowedHosts, corsOrigins, embedAncestors, trustedProxies, symbols, logLevel string
	feeds                                                                                   list
}

func flags(cfg *config, t *texts) *flag.FlagSet {
	t.feeds.values = []string{"sim://"}
	fs := flag.NewFlagSet("tickboard", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.StringVar(&cfg.addr, "addr", defaultAddr, "`host:port` to serve; port 0 takes a free one")
	fs.StringVar(&cfg.adminAddr, "admin-addr", defaultAdminAddr, "`host:port` of the sources (/feeds), metrics and profiles; empty is off")
	fs.StringVar(&t.publicURL, "public-url", "", "`address` in snippets and links, and an allowed origin (default: derived from --addr)")
	fs.StringVar(&t.allowedHosts, "allowed-hosts", "", "comma list of further host `names` that requests may bear")
	fs.StringVar(&t.corsOrigins, "cors-origins", "*", "comma list of `origins` that may read streams and quotes; * is any, none also turns framing off")
	fs.StringVar(&t.embedAncestors, "embed-ancestors", "", "comma list of `origins` that may frame a widget (default: any)")
	fs.StringVar(&cfg.dataDir, "data-dir", defaultDataDir(), "`folder` of the database and the admin token")
	fs.IntVar(&cfg.keep, "keep-notifications", 100_000, "`number` of notifications that are kept, the newest; 0 is no limit")
	fs.Var(&cfg.keepFor, "keep-notifications-for", "`time` for which they are kept, as 90d or 36h; 0 is for ever")
	fs.StringVar(&cfg.database, "database", "", "`address` of a PostgreSQL that takes the place of the file in --data-dir, postgres://user@host:5432/name; with a password write it into TICKBOARD_DATABASE or the file that TICKBOARD_DATABASE_FILE names")
	fs.Var(&t.feeds, "feed", "`URL` of a feed, may be given several times: sim://?seed=7&rate=2, replay://PATH?speed=10&loop=1")
	fs.StringVar(&cfg.instruments, "instruments", "", "`file` of names for the feeds' symbols: CSV with the header symbol,name[,exchange,currency,type,decimals], or nasdaqlisted.txt or otherlisted.txt of Nasdaq Trader")
	fs.StringVar(&t.symbols, "symbols", defaultSymbols, "comma list of `symbols` that a first visit shows")
	fs.Float64Var(&cfg.maxRate, "max-rate", 10, "`writes` a second to one stream, from 0.1 to 50, where it asks for none")
	fs.DurationVar(&cfg.heartbeat, "heartbeat", 15*time.Second, "`time` of silence after which a stream sends a heartbeat")
	fs.DurationVar(&cfg.writeTimeout, "write-timeout", 30*time.Second, "`time` after which a client that takes nothing is dropped")
	fs.DurationVar(&cfg.drain, "drain", 0, "`time` over which a stop spreads its goodbyes to the streams; 0 is all at once")
	fs.IntVar(&cfg.maxStreams, "max-streams", 0, "`number` of streams at once, more are told to come back later; 0 follows the file descriptors (ulimit -n)")
	fs.IntVar(&cfg.maxPerAddress, "max-streams-per-address", 200, "`number` of streams at once from one public address (IPv6: /64); 0 is no limit")
	fs.IntVar(&cfg.maxPerSecond, "max-streams-per-second", 0, "`number` of new streams in a second; 0 is no limit")
	fs.StringVar(&t.trustedProxies, "trusted-proxies", "", "comma list of `addresses` and networks whose X-Forwarded-For and -Proto are believed; loopback and private are words for theirs")
	fs.StringVar(&cfg.authHeader, "auth-header", "", "`name` of the header in which --trusted-proxies say who the user is, as X-Forwarded-User; in place of a cookie")
	fs.BoolVar(&cfg.privateWebhooks, "allow-private-webhooks", false, "let people have notifications sent to any address, of this network too and without https: for a server at home")
	fs.StringVar(&cfg.smtp, "smtp", "", "`address` of the mail server for letters, smtp://user@host:587, or smtps:// where TLS begins at once; its password is TICKBOARD_SMTP_PASSWORD or in the file that TICKBOARD_SMTP_PASSWORD_FILE names")
	fs.StringVar(&cfg.mailFrom, "mail-from", "", "mail `address` that letters are from, as quotes@example.com; needed with --smtp")
	fs.StringVar(&cfg.tlsCert, "tls-cert", "", "PEM `file` of the certificate chain to serve HTTPS with; SIGHUP reads it again")
	fs.StringVar(&cfg.tlsKey, "tls-key", "", "PEM `file` of its key")
	fs.IntVar(&cfg.maxSymbols, "max-symbols", 200, "`number` of symbols on one stream")
	fs.StringVar(&t.logLevel, "log-level", "info", "debug, info, warn or error")
	fs.StringVar(&cfg.logFormat, "log-format", "text", "text or json")
	fs.BoolVar(&cfg.devViews, "dev-views", false, "serve /dev/views: every view with canned data")
	fs.BoolVar(&cfg.version, "version", false, "print the version")
	return fs
}

// configure reads the flags, then the environment for those not given.
func configure(args []string, env func(string) (string, bool)) (config, error) {
	var cfg config
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
	given := make(map[string]bool)
	fs.Visit(func(f *flag.Flag) { given[f.Name] = true })
	var errs []error
	fs.VisitAll(func(f *flag.Flag) {
		if value, ok := env(envName(f.Name)); ok && !given[f.Name] {
			given[f.Name] = true
			if err := f.Value.Set(value); err != nil {
				errs = append(errs, fmt.Errorf("%s=%q: %w; see tickboard --help", envName(f.Name), value, err))
			}
		}
	})
	if len(errs) > 0 {
		return cfg, errs[0]
	}
	cfg.adminGiven = given["admin-addr"]
	if err := cfg.check(t); err != nil {
		return cfg, err
	}
	var err error
	cfg.setting = func(name string) (string, error) { return secret(name, env) }
	if !given["database"] {
		cfg.database, err = cfg.setting("DATABASE")
	}
	for name, into := range map[string]*string{"ADMIN_TOKEN": &cfg.adminToken, "SMTP_PASSWORD": &cfg.smtpPassword, "SERVICES": &cfg.services} {
		if err == nil {
			*into, err = cfg.setting(name)
		}
	}
	return cfg, err
}

// check takes over the texts, each with an error that says what to write.
func (cfg *config) check(t texts) (err error) {
	cfg.feeds = t.feeds.values
	cfg.allowedHosts, cfg.corsOrigins, cfg.embedAncestors = split(t.allowedHosts), split(t.corsOrigins), split(t.embedAncestors)
	if cfg.symbols, err = quotes.ParseSymbols(t.symbols); err != nil {
		return fmt.Errorf("--symbols: %w", err)
	}
	if t.publicURL != "" {
		if cfg.publicURL, err = parsePublicURL(t.publicURL); err != nil {
			return err
		}
	}
	if cfg.trustedProxies, err = web.ParseNetworks(t.trustedProxies); err != nil {
		return fmt.Errorf("--trusted-proxies: %w", err)
	}
	if err := cfg.logLevel.UnmarshalText([]byte(t.logLevel)); err != nil {
		return fmt.Errorf("--log-level %q: write debug, info, warn or error", t.logLevel)
	}
	for _, bad := range []struct {
		is   bool
		says string
	}{
		{len(cfg.feeds) == 0, "--feed is empty: give one, as sim://"},
		{!(cfg.maxRate >= 0.1 && cfg.maxRate <= 50), "--max-rate is from 0.1 to 50"},
		{cfg.heartbeat < 100*time.Millisecond, "--heartbeat is at least 100ms"},
		{cfg.writeTimeout < 100*time.Millisecond, "--write-timeout is at least 100ms"},
		{cfg.maxStreams < 0, "--max-streams is at least 1, or 0 to follow the file descriptors"},
		{cfg.maxPerAddress < 0, "--max-streams-per-address is at least 1, or 0 for no limit"},
		{cfg.maxPerSecond < 0, "--max-streams-per-second is at least 1, or 0 for no limit"},
		{cfg.drain < 0 || cfg.drain > time.Hour, "--drain is from 0s to 1h"},
		{cfg.smtp == "" && cfg.mailFrom != "", "--mail-from is of no use without --smtp, the mail server"},
		{(cfg.tlsCert == "") != (cfg.tlsKey == ""), "--tls-cert and --tls-key are given both or neither"},
		{!isToken(cfg.authHeader), "--auth-header is the name of a header, as X-Forwarded-User"},
		{cfg.authHeader != "" && len(cfg.trustedProxies) == 0, "--auth-header needs --trusted-proxies: name the proxies that are believed; they must replace what a client sends in that header"},
		{cfg.keep < 0, "--keep-notifications is at least 1, or 0 for no limit"},
		{cfg.keepFor < 0 || cfg.keepFor > 0 && cfg.keepFor < days(time.Minute), "--keep-notifications-for is at least 1m, or 0 for ever"},
		{cfg.maxSymbols < 1, "--max-symbols is at least 1"},
		{cfg.logFormat != "text" && cfg.logFormat != "json", "--log-format is text or json"},
		{cfg.dataDir == "", "--data-dir is needed: there is no home directory to derive it from"},
		{len(cfg.symbols) > cfg.maxSymbols, "--symbols names more than --max-symbols allows"},
		{slices.ContainsFunc(slices.Concat(cfg.embedAncestors, cfg.corsOrigins), unsafeSource), "--embed-ancestors and --cors-origins take origins, as https://example.com"},
	} {
		if bad.is {
			return errors.New(bad.says)
		}
	}
	return nil
}

// isToken says that a text can be the name of a header (RFC 9110, section 5.6.2),
// or is none.
func isToken(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
	})
}

// unsafeSource says that a text could end a header's directive.
func unsafeSource(s string) bool { return strings.ContainsAny(s, "; \t\r\n\"") }

func parsePublicURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
		return nil, fmt.Errorf("--public-url %q: write an address without a path, as https://quotes.example.com", s)
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
}

// secret reads TICKBOARD_NAME, or the file that TICKBOARD_NAME_FILE names.
func secret(name string, env func(string) (string, bool)) (string, error) {
	if value, ok := env("TICKBOARD_" + name); ok && value != "" {
		return value, nil
	}
	variable := "TICKBOARD_" + name + "_FILE"
	path, ok := env(variable)
	if !ok || path == "" {
		return "", nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("%s: %w", variable, err)
	}
	if data = bytes.TrimSpace(data); len(data) == 0 {
		return "", fmt.Errorf("%s: %s is empty", variable, path)
	}
	return string(data), nil
}

// summary is what the log says of the configuration; no secrets.
func (p *program) summary() []any {
	adminAddr := "off"
	if p.admin != nil {
		adminAddr = p.admin.Addr().String()
	}
	var feeds []string
	for _, st := range p.market.States() {
		feeds = append(feeds, st.URL)
	}
	list := []any{
		"version", version(), "addr", p.listener.Addr().String(), "admin_addr", adminAddr, "public_url", p.publicURL.String(),
		"feeds", strings.Join(feeds, " "), "data_dir", p.cfg.dataDir, "database", p.db.String(),
		"max_rate", p.cfg.maxRate, "max_symbols", p.cfg.maxSymbols,
		"max_streams", p.limit.Max, "max_streams_because", p.limit.Why,
		"max_streams_per_address", p.cfg.maxPerAddress, "max_streams_per_second", p.cfg.maxPerSecond,
		"cors_origins", strings.Join(p.cfg.corsOrigins, ","), "drain", p.cfg.drain, "private_webhooks", p.cfg.privateWebhooks,
		"services", strings.Join(p.services.Names(), ","),
	}
	if p.mail != nil {
		list = append(list, "smtp", p.mail.String(), "mail_from", p.mail.Address())
	}
	if p.cfg.authHeader != "" {
		list = append(list, "auth_header", p.cfg.authHeader)
	}
	if p.cert != nil {
		list = append(list, "tls_names", strings.Join(p.cert.Names(), " "), "tls_expires", p.cert.Expires())
	}
	return list
}

// help lists the flags with their variables and defaults.
func help() string {
	var b strings.Builder
	b.WriteString("tickboard shows stock quotes in real time: pages, widgets, Server-Sent Events.\n\n" +
		"Usage:\n  tickboard [flags]                                  serve\n" +
		"  tickboard watch SYMBOL… [--feed URL]… [--json]     print quotes in the terminal, without a browser\n" +
		"  tickboard feeds                                    list the feeds with their parameters and settings\n" +
		"  tickboard backup FILE [--data-dir FOLDER]          copy the database, which may be in use\n\nEvery flag has an environment variable; a flag wins over it.\n\n")
	flags(new(config), new(texts)).VisitAll(func(f *flag.Flag) {
		kind, usage := flag.UnquoteUsage(f)
		fmt.Fprintf(&b, "  --%s %s\n      %s\n", f.Name, kind, usage)
		fmt.Fprintf(&b, "      default: %s   variable: %s\n", cmp.Or(f.DefValue, `""`), envName(f.Name))
	})
	b.WriteString("\nSecrets come from the environment, or from a file that a variable names:\n" +
		"  TICKBOARD_ADMIN_TOKEN, TICKBOARD_ADMIN_TOKEN_FILE\n" +
		"      admits to POST /send and to /feeds; default: generated into the data folder\n" +
		"  TICKBOARD_SMTP_PASSWORD, TICKBOARD_SMTP_PASSWORD_FILE\n" +
		"      the password of --smtp\n" +
		"  TICKBOARD_SERVICES, TICKBOARD_SERVICES_FILE\n" +
		"      chat services that people may choose from, lines of NAME=URL as shoutrrr.nickfedor.com lists them\n\nFeeds:\n")
	for _, name := range slices.Sorted(maps.Keys(schemes())) {
		scheme := schemes()[name]
		fmt.Fprintf(&b, "  %-8s %s\n", name, scheme.Usage)
		for _, setting := range scheme.Settings {
			fmt.Fprintf(&b, "  %-8s variable: TICKBOARD_%s\n", "", setting)
		}
	}
	return b.String()
}

func envName(flagName string) string {
	return "TICKBOARD_" + strings.ToUpper(strings.ReplaceAll(flagName, "-", "_"))
}

func split(s string) []string {
	var parts []string
	for part := range strings.SplitSeq(s, ",") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
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
