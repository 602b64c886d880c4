package e2e

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/tickboard/tickboard"

// arrows are the imports within the house that each package may have. A package
// below feed that is not named may import feed, the domain, and
// feed/socket, feed/rest, feed/frame and feed/dialogue, which serve every vendor's.
var arrows = map[string][]string{
	"quotes":              {},
	"quotes/hub":          {},
	"quotes/alert":        {"quotes"},
	"quotes/history":      {"quotes"},
	"quotes/deliver":      {"quotes", "quotes/alert"},
	"quotes/profile":      {"quotes"},
	"quotes/store":        {"quotes", "quotes/alert", "quotes/deliver", "quotes/profile"},
	"quotes/store/pgtest": {},
	"feed":                {"quotes"},
	"feed/socket":         {"feed/rest"},
	"feed/rest":           {"feed"},
	"feed/frame":          {"quotes"},
	"feed/dialogue":       {"quotes", "feed", "feed/socket", "feed/rest", "feed/frame"},
	"feed/watch":          {"quotes", "feed", "views"},
	"views":               {"quotes"},
	"static":              {},
	"web/sse":             {},
	"e2e/load":            {"e2e/load/market"},
	"e2e/load/market":     {},
	"web/config":          {"quotes", "feed", "web"},
	"web":                 {"quotes", "quotes/alert", "quotes/deliver", "quotes/history", "quotes/hub", "quotes/profile", "feed", "views", "static", "web/sse"},
}

// rooms are the libraries that stay in one place.
var rooms = map[string]string{
	"github.com/labstack/echo":   "web",
	"github.com/prometheus":      "web",
	"modernc.org/sqlite":         "quotes/store",
	"github.com/pressly/goose":   "quotes/store",
	"github.com/jackc/pgx":       "quotes/store quotes/store/pgtest",
	"github.com/a-h/templ":       "views web",
	"github.com/coder/websocket": "feed/socket", // and the vendors that feed/feedtest plays
	"github.com/shopspring":      "quotes quotes/alert quotes/history quotes/store feed feed/frame feed/sim feed/replay feed/binance feed/coinbase feed/kraken feed/alpaca feed/finnhub feed/ingest views",
	"golang.org/x/sync/errgroup": "main",

	"github.com/SherClockHolmes/webpush-go": "quotes/deliver",
	"github.com/wneessen/go-mail":           "quotes/deliver",
	"github.com/nicholas-fedor/shoutrrr":    "quotes/deliver",
}

func TestImportsPointOneWay(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		name := strings.TrimPrefix(strings.TrimPrefix(fields[0], module), "/")
		if name == "e2e" || name == "feed/feedtest" {
			continue
		}
		checked++
		for _, imported := range fields[1:] {
			if own, ok := strings.CutPrefix(imported, module+"/"); ok && !mayImport(name, own) {
				t.Errorf("%s imports %s", name, own)
			}
			for library, room := range rooms {
				if strings.HasPrefix(imported, library) && !slices.Contains(strings.Fields(room), orMain(name)) {
					t.Errorf("%s imports %s, which stays in %s", name, imported, room)
				}
			}
		}
	}
	if checked < len(arrows) {
		t.Errorf("only %d packages were checked", checked)
	}
}

func mayImport(name, own string) bool {
	if name == "" { // main knows all
		return true
	}
	allowed, ok := arrows[name]
	if !ok && strings.HasPrefix(name, "feed/") {
		allowed = []string{"quotes", "feed", "feed/socket", "feed/rest", "feed/frame", "feed/dialogue"}
	}
	return slices.Contains(allowed, own)
}

func orMain(name string) string {
	if name == "" {
		return "main"
	}
	return name
}
