package sim

import "github.com/tickboard/tickboard/feed"

// parameters are the URL's, for the help.
func parameters() []feed.Parameter {
	return []feed.Parameter{
		{Name: "seed", Means: "any whole number: the same market each time"},
		{Name: "rate", Means: "mean of updates a second and symbol"},
		{Name: "count", Means: "synthetic symbols SIM0000 and up, for load"},
		{Name: "named", Means: "0 leaves out all symbols but the synthetic ones"},
		{Name: "burst", Means: "0 is an even drip of ordinary trades and quotes"},
		{Name: "hours", Means: "demo never closes; real has the exchanges' sessions and holidays"},
		{Name: "speed", Means: "1 to 10000, or max for one day without waiting"},
		{Name: "start", Means: "where the market's time begins, as 2026-03-09T13:25:00Z"},
		{Name: "split", Means: "1 splits one stock at the begin of each trading day"},
		{Name: "faults", Means: "any of gap, dup, reorder, silence, crossed, with commas"},
	}
}
