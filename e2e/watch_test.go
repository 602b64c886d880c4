package e2e

import (
	"encoding/json"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

func TestWatchPrintsQuotesAsJSON(t *testing.T) {
	t.Parallel()
	feed := still(t)
	for name, args := range map[string][]string{
		"flags behind":  {"watch", "AAA", "BTC/USD", "--feed", feed},
		"flags before":  {"watch", "--json", "--feed", feed, "AAA", "BTC/USD"},
		"flags between": {"watch", "aaa,", "--feed=" + feed, "btc/usd", "--json"},
	} {
		t.Run(name, func(t *testing.T) {
			p := spawn(t, nil, args...)
			if status := p.wait(t); status != 0 {
				t.Fatalf("status %d: %s", status, p.stderr)
			}
			last := make(map[string]wireQuote)
			for line := range strings.Lines(p.stdout.String()) {
				var q wireQuote
				if err := json.Unmarshal([]byte(line), &q); err != nil {
					t.Fatalf("%q: %v", line, err)
				}
				last[q.Symbol] = q
			}
			if last["AAA"].Price != "140.25" || last["BTC/USD"].Price != "61685.99000000" || last["AAA"].Source != "replay" {
				t.Errorf("%+v", last)
			}
		})
	}
}

func TestWatchEndsWithAnInterrupt(t *testing.T) {
	t.Parallel()
	p := spawn(t, []string{"TICKBOARD_FEED=sim://?rate=50"}, "watch", "AAPL")
	p.stdout.wait(t, p, regexp.MustCompile(`"symbol":"AAPL".*\n`))
	p.signal(syscall.SIGINT)
	if status := p.wait(t); status != 0 || p.stderr.String() != "" {
		t.Errorf("status %d: %s", status, p.stderr)
	}
}

func TestWatchDrawsInATerminal(t *testing.T) {
	t.Parallel()
	script, err := exec.LookPath("script")
	if err != nil {
		lacking(t, "no script(1) here, which gives a program a terminal")
	}
	for name, env := range map[string][]string{"colour": {"TERM=xterm", "NO_COLOR="}, "none": {"TERM=xterm", "NO_COLOR=1"}} {
		t.Run(name, func(t *testing.T) {
			p := spawnCommand(t, env, script, "-qec", "'"+binary+"' watch AAA --feed '"+still(t)+"'", "/dev/null")
			p.wait(t)
			out := p.stdout.String()
			if !strings.Contains(out, "140.25") || !strings.Contains(out, "Replayed") || !strings.HasSuffix(out, "\x1b[?7h\x1b[?25h") {
				t.Errorf("%q", out)
			}
			if strings.Contains(out, "\x1b[1m") != (name == "colour") {
				t.Errorf("%s: %q", name, out)
			}
		})
	}
}

func TestCommandsThatCannotWorkSayWhatTo(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args []string
		says []string
	}{
		{[]string{"wacth", "AAPL"}, []string{`"wacth"`, "watch", "feeds", "--help"}},
		{[]string{"watch"}, []string{"name the symbols", "Usage: tickboard watch"}},
		{[]string{"watch", "A A"}, []string{"A A"}},
		{[]string{"watch", "AAPL", "--fed", "sim://"}, []string{"-fed", "Usage: tickboard watch"}},
		{[]string{"watch", "AAPL", "--feed", "nyse://"}, []string{"nyse://", "sim://"}},
		{[]string{"watch", "APPL", "--feed", "sim://"}, []string{"no source has APPL", "did you mean AAPL (Apple"}},
		{[]string{"feeds", "sim"}, []string{`"sim"`}},
	} {
		p := spawn(t, nil, tt.args...)
		if status := p.wait(t); status != 2 || p.stdout.String() != "" {
			t.Errorf("%v: status %d, %q", tt.args, status, p.stdout)
		}
		for _, want := range tt.says {
			if !strings.Contains(p.stderr.String(), want) {
				t.Errorf("%v: %q does not say %q", tt.args, p.stderr, want)
			}
		}
	}
}

func TestEveryFeedExplainsItsParameters(t *testing.T) {
	t.Parallel()
	p := spawn(t, nil, "feeds")
	p.wait(t)
	feeds := 0
	for block := range strings.SplitSeq(p.stdout.String(), "\n\n") {
		usage, rest, _ := strings.Cut(block, "\n")
		_, query, found := strings.Cut(usage, "?")
		if !found {
			continue
		}
		feeds++
		query, _, _ = strings.Cut(query, " ")
		for param := range strings.SplitSeq(query, "&") {
			name, _, _ := strings.Cut(param, "=")
			if !regexp.MustCompile(`(?m)^    ` + name + ` +\S`).MatchString(rest) {
				t.Errorf("%s: nothing is said of %s", usage, name)
			}
		}
	}
	if feeds < 5 {
		t.Errorf("only %d feeds are listed", feeds)
	}
}

func TestHelpAndFeedsAreListed(t *testing.T) {
	t.Parallel()
	for command, says := range map[string][]string{
		"feeds":        {"sim://?seed=7", "replay://PATH", "    seed ", "    speed "},
		"feeds --help": {"sim://?seed=7"},
		"watch --help": {"watch SYMBOL", "--json", "--feed URL", "TICKBOARD_FEED"},
		"help":         {"tickboard watch SYMBOL", "tickboard feeds", "--feed URL"},
		"--help":       {"tickboard watch SYMBOL", "tickboard feeds"},
	} {
		p := spawn(t, nil, strings.Fields(command)...)
		if status := p.wait(t); status != 0 {
			t.Errorf("%s: status %d", command, status)
		}
		for _, want := range says {
			if !strings.Contains(p.stdout.String(), want) {
				t.Errorf("%s does not say %q: %s", command, want, p.stdout)
			}
		}
	}
}
