// Package static holds what browsers load: style sheets, scripts and images,
// and the widget's inline style and script. Scripts are native modules; nothing
// is built from them.
//
//   - css/       base.css (tokens, reset, layout), elements.css (what several pages
//     have, and the watchlist) and pages.css (the other pages, one by one)
//   - js/        one module per subject; stream.js knows no document
//   - js/elements/  one custom element per file
//   - js/share/  how the tabs and frames of a browser share one stream
//   - embed/     the widget's style and script, which go into its document
//   - images/    the icon
//   - jstest/    tests of the modules, not served
//   - bare.go    scripts without their comments
package static

import (
	"embed"
	"io/fs"
)

//go:embed css js images
var files embed.FS

// FS holds what is served, below one path with one hash: css/, js/ and images/.
// Scripts come without comments and indentation, which are a third of their
// bytes.
var FS fs.FS = bareFS{files}

// WidgetCSS is the widget's inline style.
//
//go:embed embed/widget.css
var WidgetCSS string

//go:embed embed/widget.js
var widgetJS []byte

// WidgetJS is the widget's inline script, a module, as bare as those of FS.
var WidgetJS = string(Bare(widgetJS))
