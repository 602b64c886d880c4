package web

import (
	"bytes"
	"log"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestThatNobodyCanConnectIsSaidOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var said bytes.Buffer
		complain := log.New(&complaints{logger: slog.New(slog.NewTextHandler(&said, nil))}, "", 0)
		full := func() {
			complain.Print("http: Accept error: accept tcp 127.0.0.1:8080: accept4: too many open files; retrying in 1s")
		}
		complain.Print("http: TLS handshake error from 192.0.2.1:1234: EOF")
		if said.Len() > 0 {
			t.Errorf("said of a client: %s", &said)
		}
		full()
		if got := said.String(); !strings.Contains(got, "level=WARN") || !strings.Contains(got, "ulimit -n") || !strings.Contains(got, "accept4") {
			t.Errorf("said %q", got)
		}
		full()
		time.Sleep(time.Minute - time.Second)
		full()
		if n := strings.Count(said.String(), "\n"); n != 1 {
			t.Errorf("said %d times within a minute:\n%s", n, &said)
		}
		time.Sleep(time.Second)
		full()
		if n := strings.Count(said.String(), "\n"); n != 2 {
			t.Errorf("said %d times after a minute, want 2:\n%s", n, &said)
		}
	})
}
