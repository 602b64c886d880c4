// Package web is tickboard over HTTP: pages, widgets, streams and the REST API,
// by the wire contract in the project's README. A handler parses, asks, renders
// and returns an error; errors.go alone turns errors into statuses. Echo stays
// inside this package.
//
//   - web.go        Options, the Server and its life
//   - front.go      the listeners: bound, served, stopped
//   - routes.go     every route in one table
//   - errors.go     problems (RFC 9457), and what a person sees of them
//   - safety.go     who may ask: hosts, other sites, security headers
//   - caller.go     who asks: devices, proxies' users, versions
//   - budgets.go    how often each may do something
//   - clients.go    addresses, and which proxies are believed about them
//   - cors.go       which answers other sites may read
//   - params.go     query and path parameters
//   - streams.go    the stream endpoints
//   - content.go    what one stream carries
//   - limits.go     how many streams the file descriptors allow
//   - ownlists.go   which of the caller's lists the dashboard shows
//   - shared.go     lists that their owners show to others
//   - people.go     which streams have a profile, and telling them what changes
//   - desk.go       what streams share that are served together
//   - catchup.go    notifications that are no longer in memory
//   - interest.go   symbols that are looked at without a stream
//   - registry.go   the open streams whose symbols can be changed
//   - api.go        quotes and symbols as JSON
//   - notifications.go the caller's notifications, what is read and cleared
//   - panel.go      the same for pages
//   - profile.go    a person's profile; beside it move.go: taking a device in
//   - lists.go      a person's watchlists; beside it listfiles.go: CSV and plain text
//   - alerts.go     a person's alerts: set, changed, armed again, their history
//   - alertjson.go  an alert as JSON, in and out
//   - send.go       publishing a notification
//   - channels.go   ways to reach people
//   - confirm.go    the codes that confirm their addresses
//   - incidents.go  telling all that a source is down
//   - ingest.go     quotes that others post
//   - pages.go      the pages, and rows of the watchlist
//   - alertpages.go the page of the caller's alerts, and their part of a symbol's page
//   - embed.go      the widget, and the page that offers it
//   - settings.go   the page of a person's own settings
//   - push.go       the worker that shows push messages, and the key for it
//   - letters.go    the links that end letters
//   - render.go     pages and JSON with their ETag
//   - assets.go     the embedded files under one hashed path
//   - tls.go        a certificate that can be changed while it is used
//   - feeds.go      how the sources are, for the operator
//   - openapi.go    the description of all that, openapi.json, and its page
//   - health.go     liveness and readiness
//   - admin.go      the operator's listener: metrics and profiles
//   - metrics.go    the figures of all parts as Prometheus metrics
//   - latency.go    the time from a quote's arrival to its write
//   - requestlog.go a line for each request
package web

import (
	"cmp"
	"context"
	"crypto/sha256"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/quotes/alert"
	"github.com/tickboard/tickboard/quotes/deliver"
	"github.com/tickboard/tickboard/quotes/history"
	"github.com/tickboard/tickboard/quotes/hub"
	"github.com/tickboard/tickboard/quotes/profile"
	"github.com/tickboard/tickboard/views"
	"github.com/tickboard/tickboard/web/sse"
)

// QuoteHub carries the quotes from the market to the streams. Its frames are
// what EncodeQuote makes.
type QuoteHub = hub.Hub[quotes.Symbol, *quotes.StockQuote]

// NewQuoteHub returns an empty hub.
func NewQuoteHub() *QuoteHub { return hub.New[quotes.Symbol](encodeQuote) }

// NewLog returns the log of what store holds, with entries as streams send them.
func NewLog(store alert.Store, o alert.Options) *alert.Log {
	return alert.NewLog(store, encodeNotification, o)
}

// Options are a Server's parts and settings. The parts are needed; every
// setting has a default.
type Options struct {
	Hub     *QuoteHub
	Market  *feed.Market
	Log     *alert.Log
	Alerts  *alert.Engine // nil is none, for tests
	Rules   alert.RuleStore
	History *history.Intraday
	// Profiles are people's own things.
	Profiles profile.Store
	// Outbox delivers to Channels.
	Outbox   *deliver.Runner
	Channels deliver.Channels
	// Marks keeps what each profile has read and cleared of the Log's
	// notifications, Incidents what was told of each source; nil tells nothing.
	Marks     alert.MarkStore
	Incidents alert.IncidentStore
	// Posts takes quotes that clients post; nil is nobody. A post ends with its
	// request's context, which has a cause when it is the server that stops.
	Posts http.Handler

	// PublicURL is the address for links and snippets, and an allowed origin.
	PublicURL *url.URL
	// AllowedHosts are names that requests may bear beside the public one,
	// localhost and IP addresses.
	AllowedHosts []string
	// CORSOrigins are the origins that may read streams and quotes: "*", "none"
	// (which also forbids framing), or a list.
	CORSOrigins []string
	// EmbedAncestors are the sources that may frame a widget (CSP
	// frame-ancestors); none given, any may.
	EmbedAncestors []string
	// FirstSymbols are the first visit's watchlist.
	FirstSymbols []quotes.Symbol
	// AdminToken admits to what only the operator may do.
	AdminToken string
	// DevViews serves /dev/views.
	DevViews bool

	MaxRate      float64 // writes a second to one stream; 10
	MaxSymbols   int     // on one stream; 200
	Heartbeat    time.Duration
	WriteTimeout time.Duration

	MaxStreams           int // at once; 10,000
	MaxStreamsPerAddress int // at once; 0 is no limit
	MaxStreamsPerSecond  int // that are new; 0 is no limit
	// Drain is the time over which Server.Drain spreads its goodbyes.
	Drain time.Duration
	// TrustedProxies are believed when they say for whom they ask.
	TrustedProxies Networks
	// AuthHeader is the header in which they say who the user is; none given,
	// they say nothing of that.
	AuthHeader string
	// Certificate is what the main listener serves TLS with; nil without.
	Certificate *Certificate

	Version string
	Logger  *slog.Logger
}

// Server answers requests. It is made by New, and used by http.Server through
// Handler and AdminHandler.
type Server struct {
	Options
	tokenHash [sha256.Size]byte
	clients   clients
	callers   *callers
	people    *people
	cors      corsPolicy
	hosts     map[string]bool
	assets    *assets
	widget    widgetPolicy
	streams   *sse.Server
	registry  registry
	interest  *interest
	stopping  atomic.Bool
	drain     sync.Once
	drained   chan struct{} // closed when the streams have had their goodbyes
	codes     *codes
	latency   *latencyHistogram
	catchUps  catchUps
	api       func() (views.API, error)
	main      http.Handler
	admin     http.Handler
}

// New prepares a server; nothing runs yet.
func New(o Options) *Server {
	o.MaxRate = cmp.Or(o.MaxRate, 10)
	o.MaxSymbols = cmp.Or(o.MaxSymbols, 200)
	o.MaxStreams = cmp.Or(o.MaxStreams, 10_000)
	o.Heartbeat = cmp.Or(o.Heartbeat, 15*time.Second)
	o.WriteTimeout = cmp.Or(o.WriteTimeout, 30*time.Second)
	o.Logger = cmp.Or(o.Logger, slog.Default())
	s := &Server{
		Options:   o,
		tokenHash: sha256.Sum256([]byte(o.AdminToken)),
		clients:   newClients(o.TrustedProxies),
		callers:   newCallers(),
		people:    newPeople(o.Profiles, o.Logger),
		cors:      newCORSPolicy(o.CORSOrigins),
		hosts:     allowedHosts(o.PublicURL, o.AllowedHosts),
		assets:    embedded(),
		widget:    newWidgetPolicy(o.EmbedAncestors, o.CORSOrigins),
		codes:     newCodes(),
		latency:   newLatencyHistogram(),
		drained:   make(chan struct{}),
		interest:  newInterest(o.Market.Demand()),
		api:       sync.OnceValues(func() (views.API, error) { return views.ReadAPI(openAPI) }),
	}
	s.streams = sse.New(sse.Options{
		Heartbeat: o.Heartbeat, WriteTimeout: o.WriteTimeout, Drain: o.Drain,
		MaxStreams: o.MaxStreams, MaxPerAddress: o.MaxStreamsPerAddress, MaxPerSecond: o.MaxStreamsPerSecond,
		Address: s.clients.counted, Remote: s.clients.name, Logger: o.Logger,
		Desk: func(b sse.Bells) sse.Desk { return s.newDesk(b) },
	})
	s.main = sse.Outermost(s.guard(s.routes()))
	s.admin = s.adminHandler()
	return s
}

// Handler serves everything but the operator's listener.
func (s *Server) Handler() http.Handler { return s.main }

// AdminHandler serves metrics and profiles, to IP addresses and localhost only.
func (s *Server) AdminHandler() http.Handler { return s.admin }

// Run does what needs doing beside the requests until ctx ends, and returns nil
// then.
func (s *Server) Run(ctx context.Context) error {
	var parts sync.WaitGroup
	parts.Go(func() { s.interest.run(ctx) })
	parts.Go(func() { s.people.run(ctx) })
	if s.Incidents != nil {
		watch := &incidents{states: s.Market.States, log: s.Log, store: s.Incidents, logger: s.Logger}
		parts.Go(func() { watch.run(ctx) })
	}
	parts.Wait()
	return nil
}

// Fired tells the pages of notifications of alerts that were stored. It does not
// block.
func (s *Server) Fired(list []alert.Notification) {
	s.Log.Hint()
	for i := range list {
		s.profileChanged(profile.ID(list[i].Profile))
	}
}

// Drain is not ready from now on, refuses new streams, and says goodbye to those
// that are open, over Options.Drain. It returns when all have ended, or with ctx's
// error; then posts that last are ended.
func (s *Server) Drain(ctx context.Context) error {
	s.stopping.Store(true)
	defer s.drain.Do(func() { close(s.drained) })
	return s.streams.Drain(ctx)
}

// newEcho returns an echo that takes addresses as the log and the limits do, and
// answers errors by fail.
func (s *Server) newEcho() *echo.Echo {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.IPExtractor = s.clients.extract
	e.HTTPErrorHandler = s.fail
	return e
}
