package web

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// bound is a front on free ports, which is closed at the end.
func bound(t *testing.T, o FrontOptions) *Front {
	t.Helper()
	if o.Addr == "" {
		o.Addr = "127.0.0.1:0"
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	f, err := Bind(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	return f
}

func TestAddressThatIsTakenSaysWhatToGive(t *testing.T) {
	first := bound(t, FrontOptions{AdminAddr: "127.0.0.1:0"})
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	if _, err := Bind(FrontOptions{Addr: first.Addr(), Logger: logger}); err == nil || !strings.Contains(err.Error(), "--addr") || !strings.Contains(err.Error(), first.Addr()) {
		t.Errorf("%v", err)
	}
	_, err := Bind(FrontOptions{Addr: "127.0.0.1:0", AdminAddr: first.AdminAddr(), AdminGiven: true, Logger: logger})
	if err == nil || !strings.Contains(err.Error(), "--admin-addr") {
		t.Errorf("%v", err)
	}
	if log.Len() > 0 {
		t.Errorf("logged as well: %s", &log)
	}
	without := bound(t, FrontOptions{AdminAddr: first.AdminAddr(), Logger: logger})
	if without.AdminAddr() != "off" || !strings.Contains(log.String(), "--admin-addr") {
		t.Errorf("%s, logged %q", without.AdminAddr(), &log)
	}
}

func TestURLIsOneThatAPersonCanOpen(t *testing.T) {
	f := bound(t, FrontOptions{Addr: ":0", Certificate: &Certificate{}})
	_, port, err := net.SplitHostPort(f.Addr())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := f.URL().String(), "https://localhost:"+port; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestFrontServesUntilItIsStopped(t *testing.T) {
	s := newServer(t)
	f := bound(t, FrontOptions{AdminAddr: "127.0.0.1:0"})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx, s.Server) }()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for _, url := range []string{f.URL().String() + "/healthz", "http://" + f.AdminAddr() + "/metrics"} {
		answer, err := client.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, answer.Body); err != nil || answer.StatusCode != http.StatusOK {
			t.Errorf("%s: %d, %v", url, answer.StatusCode, err)
		}
		answer.Body.Close()
	}
	stop()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it does not end")
	}
	if _, err := net.Dial("tcp", f.Addr()); err == nil {
		t.Error("it listens still")
	}
}

func TestListenerThatFailsEndsTheFront(t *testing.T) {
	s := newServer(t)
	f := bound(t, FrontOptions{})
	ended := make(chan error, 1)
	go func() { ended <- f.Run(t.Context(), s.Server) }()
	f.Close()
	select {
	case err := <-ended:
		if err == nil || !strings.Contains(err.Error(), f.Addr()) {
			t.Errorf("%v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it does not end")
	}
}
