package views

import (
	"net/url"
	"strings"

	"github.com/tickboard/tickboard/quotes"
)

// symbolPath is a symbol in a path. Its slashes stay what they are, since
// {symbol} is the rest of the path.
func symbolPath(s quotes.Symbol) string {
	parts := strings.Split(s.String(), "/")
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	return strings.Join(parts, "/")
}

// symbolList is a comma list of what rows show.
func symbolList(rows []Row) string {
	names := make([]string, len(rows))
	for i, r := range rows {
		names[i] = r.Instrument.Symbol.String()
	}
	return strings.Join(names, ",")
}

// listURL is the dashboard of those rows, as a table or as a strip.
func listURL(rows []Row, ticker bool) string {
	query := "symbols=" + strings.ReplaceAll(url.QueryEscape(symbolList(rows)), "%2C", ",")
	if ticker {
		query += "&view=ticker"
	}
	return "/?" + query
}

// widgetURL is the address of a widget with its options, without what is the
// default anyway.
func widgetURL(public string, s quotes.Symbol, o WidgetOptions) string {
	query := url.Values{}
	for _, p := range []struct{ key, value, usual string }{
		{"theme", o.Theme, "auto"}, {"palette", o.Palette, "green-red"},
		{"locale", o.Locale, ""}, {"max_rate", o.MaxRate, ""},
	} {
		if p.value != "" && p.value != p.usual {
			query.Set(p.key, p.value)
		}
	}
	if o.Transparent {
		query.Set("transparent", "1")
	}
	address := public + "/embed/quote/" + symbolPath(s)
	if len(query) == 0 {
		return address
	}
	return address + "?" + query.Encode()
}

// Snippet is the iframe that shows the widget on another site. Its colour
// scheme is the widget's: a frame whose scheme differs from its document's is
// painted opaque.
func Snippet(public string, s quotes.Symbol, o WidgetOptions) string {
	scheme := map[string]string{"light": "light", "dark": "dark"}[o.Theme]
	if scheme == "" {
		scheme = "light dark"
	}
	escape := func(s string) string { return strings.NewReplacer("&", "&amp;", `"`, "&quot;").Replace(s) }
	return `<iframe src="` + escape(widgetURL(public, s, o)) + `" title="` + s.String() + ` quote" ` +
		`width="320" height="160" loading="lazy" ` +
		`sandbox="allow-scripts allow-popups allow-popups-to-escape-sandbox" ` +
		`style="border:0;color-scheme:` + scheme + `"></iframe>`
}
