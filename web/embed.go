package web

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
	"golang.org/x/text/language"

	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/static"
	"github.com/tickboard/tickboard/views"
)

// widgetPolicy is the content security policy of the widgets.
type widgetPolicy struct {
	policy string
	framed bool // other sites may frame them
}

// newWidgetPolicy admits the widget's own style and script by their hashes, and
// names who may frame it only where that is configured: with the directive
// absent a local file and a sandboxed preview can frame it too.
func newWidgetPolicy(ancestors, corsOrigins []string) widgetPolicy {
	p := widgetPolicy{
		policy: "default-src 'none'; script-src " + hashSource(static.WidgetJS) + "; style-src " + hashSource(static.WidgetCSS) +
			"; img-src 'self'; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'",
		framed: !slices.Contains(corsOrigins, "none"),
	}
	switch {
	case !p.framed:
		p.policy += "; frame-ancestors 'none'"
	case len(ancestors) > 0:
		p.policy += "; frame-ancestors " + strings.Join(ancestors, " ")
	}
	return p
}

func hashSource(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// quoteWidget is one quote for a frame on another site. A symbol that does not
// exist says so in the frame.
func (s *Server) quoteWidget(c echo.Context) error {
	sym, err := pathSymbol(c, "/embed/quote/")
	if err != nil {
		return err
	}
	widget := views.Widget{
		Site: s.site(), WidgetOptions: widgetOptions(c.QueryParams()),
		Style: static.WidgetCSS, Script: static.WidgetJS,
	}
	if _, known := s.Market.Directory().Lookup(sym); !known {
		if widget.Instrument.Symbol = sym; !s.settled() {
			widget.Awaited = true
			return s.renderStatus(c, http.StatusServiceUnavailable, views.WidgetDocument(widget))
		}
		widget.Missing = true
		return s.renderStatus(c, http.StatusNotFound, views.WidgetDocument(widget))
	}
	widget.Row = s.rowsOf(sym)[0]
	return s.render(c, views.WidgetDocument(widget))
}

// embedPage offers the widget of a symbol.
func (s *Server) embedPage(c echo.Context) error {
	values, err := query(c)
	if err != nil {
		return err
	}
	page := views.EmbedPage{
		Site: s.site(), Symbols: s.Market.Directory().Search("", 500), WidgetOptions: widgetOptions(values),
	}
	if values.Get("symbol") != "" {
		if page.Symbol, err = quotes.ParseSymbol(values.Get("symbol")); err != nil {
			return err
		}
		if err := s.mustKnow(page.Symbol); err != nil {
			return err
		}
	} else if first := s.firstSymbols(); len(first) > 0 {
		page.Symbol = first[0]
	}
	return s.render(c, views.Embed(page))
}

// widgetOptions takes a widget's parameters; one that makes no sense is the
// default, for a frame has no room to explain.
func widgetOptions(values url.Values) views.WidgetOptions {
	o := views.WidgetOptions{
		Theme:       oneOf(values.Get("theme"), "auto", "light", "dark"),
		Palette:     oneOf(values.Get("palette"), "green-red", "red-green", "blue-orange", "mono"),
		Transparent: slices.Contains([]string{"1", "true"}, values.Get("transparent")),
	}
	if tag, err := language.Parse(values.Get("locale")); err == nil && tag != language.Und {
		o.Locale = tag.String()
	}
	if _, err := parseRate(values.Get("max_rate")); err == nil {
		o.MaxRate = values.Get("max_rate")
	}
	return o
}

// oneOf returns value if it is among the choices, else the first of them.
func oneOf(value string, choices ...string) string {
	if slices.Contains(choices, value) {
		return value
	}
	return choices[0]
}
