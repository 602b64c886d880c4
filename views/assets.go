package views

// The modules of each page, so that the browser asks for all of them at once
// instead of finding them import by import.
var (
	shared = []string{
		"announce.js", "format.js", "keys.js", "lists.js", "page.js", "paint.js", "prefs.js", "quote.js", "search.js", "stream.js",
		"elements/bar.js", "elements/toast.js",
	}
	dashboardModules = append([]string{
		"elements/lists.js", "elements/watchlist.js",
	}, shared...)
	sharedModules   = append([]string{"go.js", "elements/watchlist.js"}, shared...)
	symbolModules   = append([]string{"go.js"}, shared...)
	alertsModules   = append([]string{"alertapi.js", "first.js", "go.js", "morph.js", "elements/alertlist.js"}, shared...)
	plainModules    = []string{"prefs.js"}
	feedsModules    = append([]string{"morph.js"}, plainModules...)
	settingsModules = []string{"announce.js", "api.js", "first.js", "keys.js", "lists.js", "morph.js", "notes.js", "prefs.js", "push.js", "search.js", "stream.js", "elements/toast.js"}
)

// head is what pages differ in before their body.
type head struct {
	Title    string
	Script   string // the module that the page starts with, "" for none
	Modules  []string
	Refresh  bool // reload by itself where no script runs
	Installs bool // it can be put on a home screen, without which some phones have no push messages
}
