package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
)

// browser is the one Chromium of all tests. It starts with the first that needs
// it; run ends it.
var browser struct {
	start sync.Once
	ctx   context.Context
	end   func()
	err   error
}

// endBrowser ends the browser if one was started.
func endBrowser() {
	if browser.end != nil {
		browser.end()
	}
}

// startBrowser starts it with an empty profile of its own.
func startBrowser() {
	path := chromium()
	if path == "" {
		browser.err = fmt.Errorf("no Chromium here: install your system's chromium package")
		return
	}
	ctx, endProcess := chromedp.NewExecAllocator(context.Background(), browserOptions(path)...)
	ctx, closeBrowser := chromedp.NewContext(ctx, chromedp.WithErrorf(func(string, ...any) {}))
	browser.end = func() { closeBrowser(); endProcess() }
	browser.ctx, browser.err = ctx, chromedp.Do(ctx)
}

// insecureHost is a name of this machine that browsers do not take for a safe
// place: over plain HTTP its pages lack what only secure contexts have.
const insecureHost = "quotes.test"

func browserOptions(path string) []chromedp.ExecAllocatorOption {
	options := slices.Concat(chromedp.DefaultExecAllocatorOptions[:], []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.DisableGPU, chromedp.WindowSize(1280, 800),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-extensions", true), chromedp.Flag("no-pings", true),
		chromedp.Flag("ignore-certificate-errors", true), // the tests sign their own
		chromedp.Flag("host-resolver-rules", "MAP "+insecureHost+" 127.0.0.1"),
	})
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // it refuses to run for root otherwise
	}
	return options
}

func chromium() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// lacking skips a test for want of something, except where all is to be tested.
func lacking(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(what)
	}
	t.Skip("SKIPPED, NOT TESTED: " + what)
}
