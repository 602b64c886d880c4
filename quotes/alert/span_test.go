package alert_test

import (
	"testing"
	"time"

	"github.com/tickboard/tickboard/quotes/alert"
)

func TestSpansAreReadAsTheyAreWritten(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"1s": time.Second, "90s": 90 * time.Second, "15m": 15 * time.Minute, "10m": 10 * time.Minute, "4h": 4 * time.Hour, "10h": 10 * time.Hour,
		"1h30m": 90 * time.Minute, "1h0m5s": time.Hour + 5*time.Second, "24h": 24 * time.Hour, "2d": 48 * time.Hour, "30d": 720 * time.Hour, "25h": 25 * time.Hour,
	} {
		got, err := alert.ParseSpan(text)
		if err != nil || got != want {
			t.Errorf("%s is %v, %v", text, got, err)
		}
		if back, err := alert.ParseSpan(alert.FormatSpan(got)); err != nil || back != want {
			t.Errorf("%s is written as %q", text, alert.FormatSpan(got))
		}
		if text != "90s" && alert.FormatSpan(got) != text {
			t.Errorf("%s is written as %q", text, alert.FormatSpan(got))
		}
	}
	for _, text := range []string{"", "d", "-1d", "1.5d", "soon", "5"} {
		if got, err := alert.ParseSpan(text); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
	if got := alert.FormatSpan(0); got != "" {
		t.Errorf("none is %q", got)
	}
}
