package config

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tickboard/tickboard/feed"
)

// Help is the text of tickboard --help: the flags with their variables and
// defaults, and the feeds that there are.
func Help(schemes feed.Schemes) string {
	var b strings.Builder
	b.WriteString("tickboard shows stock quotes in real time: pages, widgets, Server-Sent Events.\n\n" +
		"Usage:\n  tickboard [flags]                                  serve\n" +
		"  tickboard watch SYMBOL… [--feed URL]… [--json]     print quotes in the terminal, without a browser\n" +
		"  tickboard feeds                                    list the feeds with their parameters and settings\n" +
		"  tickboard backup FILE [--data-dir FOLDER]          copy the database, which may be in use\n\nEvery flag has an environment variable; a flag wins over it.\n\n")
	flags(new(Config), new(texts)).VisitAll(func(f *flag.Flag) {
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
	for _, name := range slices.Sorted(maps.Keys(schemes)) {
		scheme := schemes[name]
		fmt.Fprintf(&b, "  %-8s %s\n", name, scheme.Usage)
		for _, setting := range scheme.Settings {
			fmt.Fprintf(&b, "  %-8s variable: TICKBOARD_%s\n", "", setting)
		}
	}
	return b.String()
}
