// Package views renders what people see: pages, rows and widgets. Every
// function of it is pure: it takes a view model and writes HTML, it asks nobody
// and keeps nothing. It promises that text from outside appears escaped only,
// that no element carries a style attribute or an inline script (but the
// widget's two, whose bytes it passes on unchanged), and that a number that is
// not known is a dash, never a zero.
//
//   - model.go         the view models
//   - format.go        numbers as people read them
//   - clock.go         times in the zone of the exchange
//   - state.go         the words for what a price is
//   - chart.go         the geometry of sparklines and range bars
//   - link.go          addresses, the snippet
//   - attributes.go    the figures that the script reads from elements
//   - assets.go        the modules that each page preloads
//   - page.templ       the shell that all pages share, icons
//   - row.templ        a quote as a table row, and the fragment of rows
//   - dashboard.templ  the watchlist, its bar, and the notification panel
//   - symbol.templ     one symbol with all fields
//   - alerts.templ     the viewer's alerts: their page, their part of a symbol's page,
//     the forms that set them; alerts.go has their words, levels.go the lines in the chart
//   - embed.templ      the snippet for other sites
//   - widget.templ     the document that other sites frame
//   - market.go        which markets are open, which sources are down
//   - feeds.templ      how the sources are, for the operator; feeds.go has its words
//   - settings.templ   a person's own settings, and the end of letters; settings.go has its words
//   - api.templ        the calls of the API; api.go reads them from its description,
//     apischema.go what they take and give
//   - error.templ      an error for a person
//   - dev.templ        the list of samples
//   - samples.go       canned data for every view; samples_alerts.go that of alerts,
//     samples_api.go a small API
package views
