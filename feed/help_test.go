package feed_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tickboard/tickboard/feed"
)

func TestHelpListsSchemesWithParametersAndSettings(t *testing.T) {
	schemes := feed.Schemes{
		"sim":    {Usage: "sim://?seed=7", Parameters: []feed.Parameter{{Name: "seed", Means: "makes it the same each time"}}},
		"alpaca": {Usage: "alpaca://iex", Settings: []string{"ALPACA_KEY"}},
	}
	want := `alpaca://iex
    TICKBOARD_ALPACA_KEY (or …_FILE) in the environment

sim://?seed=7
    seed        makes it the same each time

Give them to --feed, several times if you like: the first that has a symbol and is healthy owns it.
Try one without a browser: tickboard watch SYMBOL --feed URL
`
	if diff := cmp.Diff(want, schemes.Help()); diff != "" {
		t.Error(diff)
	}
}
