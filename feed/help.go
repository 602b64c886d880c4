package feed

import (
	"maps"
	"slices"
	"strings"
)

// Help lists the schemes with their parameters and settings, for people.
func (s Schemes) Help() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(s)) {
		scheme := s[name]
		b.WriteString(scheme.Usage + "\n")
		for _, p := range scheme.Parameters {
			b.WriteString("    " + p.Name + strings.Repeat(" ", max(1, 12-len(p.Name))) + p.Means + "\n")
		}
		for _, setting := range scheme.Settings {
			b.WriteString("    TICKBOARD_" + setting + " (or …_FILE) in the environment\n")
		}
		b.WriteByte('\n')
	}
	b.WriteString("Give them to --feed, several times if you like: the first that has a symbol and is healthy owns it.\n" +
		"Try one without a browser: tickboard watch SYMBOL --feed URL\n")
	return b.String()
}
