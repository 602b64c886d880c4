package rest

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tickboard/tickboard/feed"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv.URL
}

func TestGet(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Key") != "k" || r.URL.RawQuery != "a=1" {
			t.Errorf("asked with %v, %v", r.Header, r.URL)
		}
		_, _ = w.Write([]byte(`[1]`))
	})
	body, err := Get(t.Context(), Request{URL: url + "/list?a=1", Header: http.Header{"X-Key": {"k"}}})
	if err != nil || string(body) != "[1]" {
		t.Errorf("%s, %v", body, err)
	}
}

func TestAStatusSaysHowToGoOn(t *testing.T) {
	for _, c := range []struct {
		status          int
		credentials     string
		permanent, slow bool
	}{
		{401, "set TICKBOARD_X_KEY", true, false},
		{403, "set TICKBOARD_X_KEY", true, false},
		{403, "", false, true},
		{418, "", false, true},
		{429, "set TICKBOARD_X_KEY", false, true},
		{451, "", false, true},
		{503, "", false, true},
		{500, "set TICKBOARD_X_KEY", false, false},
		{302, "", false, false},
	} {
		url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/other")
			w.Header().Set("Retry-After", "120")
			w.WriteHeader(c.status)
			_, _ = w.Write([]byte("not\nso"))
		})
		_, err := Get(t.Context(), Request{URL: url + "/path?token=hunter2", Credentials: c.credentials})
		if err == nil || !strings.Contains(err.Error(), "not so") || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "/path") {
			t.Errorf("%d: %v", c.status, err)
		}
		failure, ok := errors.AsType[*feed.Failure](err)
		if !ok {
			failure = new(feed.Failure)
		}
		if failure.Permanent != c.permanent || failure.Slow != c.slow || c.permanent && failure.Advice != c.credentials ||
			c.slow != (failure.After == 2*time.Minute) {
			t.Errorf("%d with %q: %+v", c.status, c.credentials, failure)
		}
	}
}

func TestAnAnswerIsBounded(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 11)) })
	if _, err := Get(t.Context(), Request{URL: url, Limit: 10}); err == nil || !strings.Contains(err.Error(), "longer than 10 bytes") {
		t.Errorf("eleven bytes: %v", err)
	}
	if body, err := Get(t.Context(), Request{URL: url, Limit: 11}); len(body) != 11 || err != nil {
		t.Errorf("%d bytes, %v", len(body), err)
	}
}

func TestNoErrorRepeatsTheAddress(t *testing.T) {
	for _, url := range []string{"http://127.0.0.1:1/?token=hunter2", "http://[::1?token=hunter2", "gopher://x/?token=hunter2", "http://\x7f?hunter2"} {
		if _, err := Get(t.Context(), Request{URL: url}); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%v", err)
		}
	}
}

func TestGetEndsWithItsContext(t *testing.T) {
	asked := make(chan struct{})
	url := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		close(asked)
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	began := time.Now()
	if _, err := Get(ctx, Request{URL: url}); !errors.Is(err, context.Canceled) || time.Since(began) > 5*time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
}
