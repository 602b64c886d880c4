package watch

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tickboard/tickboard/feed"
)

// run runs tickboard watch in a bubble, for a second of a source that says
// one price, and returns what it printed and the URLs it opened.
func run(t *testing.T, env map[string]string, args ...string) (stdout string, urls []string, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		open := func(asked []string) ([]feed.Spec, error) {
			urls = asked
			return []feed.Spec{spec("script", func(ctx context.Context, say func(symbol, price string)) error {
				say("AAPL", "189.84")
				<-ctx.Done()
				return ctx.Err()
			})}, nil
		}
		look := func(name string) (string, bool) { value, ok := env[name]; return value, ok }
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var out, notes bytes.Buffer
		err = Command(ctx, args, look, open, &out, &notes)
		stdout = out.String()
	})
	return stdout, urls, err
}

func TestFlagsWinOverTheEnvironment(t *testing.T) {
	for _, tt := range []struct {
		name string
		env  map[string]string
		args []string
		want []string
	}{
		{"neither", nil, []string{"AAPL"}, []string{"sim://"}},
		{"environment", map[string]string{"TICKBOARD_FEED": "binance:// kraken://"}, []string{"AAPL"}, []string{"binance://", "kraken://"}},
		{"flags", map[string]string{"TICKBOARD_FEED": "binance://"}, []string{"--feed", "sim://", "AAPL", "--feed=stdin://"}, []string{"sim://", "stdin://"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out, urls, err := run(t, tt.env, tt.args...)
			if diff := cmp.Diff(tt.want, urls); diff != "" || err != nil {
				t.Errorf("%v %s", err, diff)
			}
			if !strings.Contains(out, `"price":189.84`) {
				t.Errorf("it printed %q", out)
			}
		})
	}
}

func TestWhatCannotBeWatchedIsRefused(t *testing.T) {
	folder := t.TempDir()
	for says, args := range map[string][]string{
		"name the symbols":              nil,
		"--feed is empty":               {"AAPL", "--feed", " "},
		"A A":                           {"A A"},
		"-fed":                          {"AAPL", "--fed", "sim://"},
		"--instruments: open " + folder: {"AAPL", "--instruments", filepath.Join(folder, "none.csv")},
	} {
		if out, _, err := run(t, nil, args...); err == nil || !strings.Contains(err.Error(), says) || out != "" {
			t.Errorf("%v: %v, want %q; printed %q", args, err, says, out)
		}
	}
}

// The name of the file shows where a symbol is mistaken for another.
func TestNamesOfAFileAreKnown(t *testing.T) {
	path := filepath.Join(t.TempDir(), "names.csv")
	if err := os.WriteFile(path, []byte("symbol,name\nAAPL,Apple of the file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, env := range map[string]map[string]string{"by flag": nil, "by variable": {"TICKBOARD_INSTRUMENTS": path}} {
		args := []string{"AAPL", "APPL"}
		if env == nil {
			args = append(args, "--instruments", path)
		}
		if _, _, err := run(t, env, args...); err == nil || !strings.Contains(err.Error(), "did you mean AAPL (Apple of the file)?") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestHelpIsPrinted(t *testing.T) {
	out, urls, err := run(t, nil, "--help")
	if err != nil || urls != nil || !strings.HasPrefix(out, "Usage: tickboard watch") || !strings.Contains(out, "TICKBOARD_INSTRUMENTS") {
		t.Errorf("%v, opened %v, printed %q", err, urls, out)
	}
}
