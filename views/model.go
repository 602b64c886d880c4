package views

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/quotes"
)

// Site is what every page knows of the server that it comes from.
type Site struct {
	// Assets is the path that all assets are below: "/static/3f2a9c…".
	Assets string
	// PublicURL is the address for links and snippets, without a slash at its end.
	PublicURL string
	// Data says what the data is, as in "Simulated market data".
	Data string
	// Home is what the paths of the pages for everybody begin with, where that is
	// another address than the page's own.
	Home string
	// Embeds says that other sites may frame the widgets.
	Embeds bool
	// Now is the moment for which the page is made.
	Now time.Time
}

// Row is one symbol with all that a page shows of it.
type Row struct {
	Instrument quotes.Instrument
	// Quote is nil until the first one is known.
	Quote *quotes.StockQuote
	// Spark are the day's prices as far as they were seen, oldest first, evenly spread in time.
	Spark []decimal.Decimal
}

// Notification is one line of the panel.
type Notification struct {
	ID      int64
	Type    string // info, success, warning, error
	Kind    string // message, alert, incident
	Message string
	Time    time.Time
	Read    bool
	// Symbol and Price are an alert's; its line leads to the symbol's page.
	Symbol quotes.Symbol
	Price  decimal.NullDecimal
	// Link is an http(s) address, or a path of ours; another is not shown.
	Link    string
	Expires time.Time
}

// Bell is what a page knows of its viewer's notifications.
type Bell struct {
	// Unread is how many are unread, of which so many are shown as such.
	Unread int
	// Marks and Settings are the versions of what the viewer has read and chosen.
	Marks, Settings int64
	// Sound and Desktop say how the viewer's own alerts are told beside the panel.
	Sound, Desktop bool
}

// DashboardPage is "/".
type DashboardPage struct {
	Site
	// Ticker shows the list as one strip ("?view=ticker").
	Ticker bool
	Rows   []Row
	// Unknown are the symbols asked for that no source has; Awaited those of
	// which that is not known yet, because one has not said what it has.
	Unknown, Awaited []quotes.Symbol
	// Asked says that the address named the symbols; otherwise they are the
	// first visit's.
	Asked bool
	// Notifications are the newest, newest first; the log is complete in them
	// up to LastID, which the page's stream passes as last_event_id.
	Notifications []Notification
	LastID        int64
	// NotificationsAway says that those there are cannot be read now.
	NotificationsAway bool
	Bell
	// MaxSymbols is how many symbols one stream may have.
	MaxSymbols int
	OwnLists
	MarketWords
}

// OwnLists are the viewer's lists, in their order, and the version of them all.
type OwnLists struct {
	Lists        []ListName
	ListsVersion int64
	// ListID is the one shown, 0 for none of them: then it is somebody else's
	// where Foreign says so, and otherwise becomes the viewer's with the first
	// change.
	ListID  int64
	Foreign bool
	// ListsAway says that those there are cannot be read now.
	ListsAway bool
}

// ListName is one of the viewer's lists.
type ListName struct {
	ID   int64
	Name string
}

// SharedListPage is "/l/{token}".
type SharedListPage struct {
	Site
	Name string
	// Symbols are all of the list; Unknown and Awaited are as in DashboardPage.
	Symbols          []quotes.Symbol
	Rows             []Row
	Unknown, Awaited []quotes.Symbol
	LastID           int64
	MaxSymbols       int
	MarketWords
}

// SymbolPage is "/q/{symbol}".
type SymbolPage struct {
	Site
	Row
	LastID int64
	Alerts SymbolAlertList
	Bell
	MarketWords
}

// EmbedPage is "/embed": the snippet to copy, with a live preview.
type EmbedPage struct {
	Site
	Symbol quotes.Symbol // the one previewed
	// Symbols are what the form offers.
	Symbols []quotes.Instrument
	WidgetOptions
}

// WidgetOptions are the parameters of a widget, checked.
type WidgetOptions struct {
	Theme       string // light, dark, auto
	Palette     string // green-red, red-green, blue-orange, mono
	Transparent bool
	Locale      string // BCP 47, "" is en-US
	MaxRate     string // decimal text, "" is the server's
}

// Widget is "/embed/quote/{symbol}": a whole document with nothing to load but
// its stream.
type Widget struct {
	Site
	Row
	WidgetOptions
	// Style and Script are inline; the policy admits them by their hashes.
	Style, Script string
	// Missing says that no source has the symbol; Awaited that one has not yet
	// said whether it does.
	Missing, Awaited bool
}

// FeedsPage is "/feeds".
type FeedsPage struct {
	Site
	Feeds []Feed
	// Leave offers to forget who looks.
	Leave bool
}

// Feed is how one source is; as JSON too.
type Feed struct {
	Name       string            `json:"name"`
	URL        string            `json:"url,omitempty"` // less its secrets
	Timeliness quotes.Timeliness `json:"timeliness"`
	Note       string            `json:"note,omitempty"`
	State      string            `json:"state"` // starting, running, waiting, silent, finished, failed
	Since      time.Time         `json:"since,omitzero"`

	LastMessage time.Time `json:"last_message,omitzero"`
	LastUpdate  time.Time `json:"last_update,omitzero"`
	Messages    int64     `json:"messages"`
	Updates     int64     `json:"updates"`
	MessageRate float64   `json:"message_rate"` // a second, the mean of ten
	UpdateRate  float64   `json:"update_rate"`
	// Outcomes counts what became of the updates.
	Outcomes map[string]int64 `json:"outcomes"`

	Restarts  int       `json:"restarts"`
	Error     string    `json:"error,omitempty"` // the last one
	ErrorTime time.Time `json:"error_time,omitzero"`
	Advice    string    `json:"advice,omitempty"` // what to do about it

	// MarketTime is the time at a market that is simulated in the hours of the
	// exchanges, zero for others.
	MarketTime time.Time `json:"-"`

	Symbols   int               `json:"symbols"` // with a quote
	Restored  int               `json:"restored"`
	Listed    int               `json:"listed"`
	Asked     int               `json:"asked"`
	Confirmed int               `json:"confirmed"`
	Refused   map[string]string `json:"refused"` // why, by symbol
}

// ErrorPage is what a person sees of an error.
type ErrorPage struct {
	Site
	Status int
	Title  string
	Detail string
}

// MovePage is "/move/{code}", before and after.
type MovePage struct {
	Site
	Code string
	// Gone: the link is of no use any more. Already: the browser is in. Done: it
	// has just been taken in.
	Gone, Already, Done bool
	// Brings says that the browser has something of its own: so many lists and,
	// once they were moved, alerts.
	Brings        bool
	Lists, Alerts int
	// Over is how many of its ways to be reached there is no room for, with at most
	// MaxChannels; Left are their names once the others were moved.
	Over, MaxChannels int
	Left              []string
}
