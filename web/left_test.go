package web

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tickboard/tickboard/quotes/profile"
)

// leaving is the context of a request whose client leaves at the n-th time that
// somebody asks whether it has.
type leaving struct {
	context.Context
	leave context.CancelFunc
	looks atomic.Int64
}

func (l *leaving) Done() <-chan struct{} {
	if l.looks.Add(-1) == 0 {
		l.leave()
	}
	return l.Context.Done()
}

// TestAClientThatLeavesIsNoFault: wherever a request is when its client leaves, the
// log is not told of an error, nor of something that is missing.
func TestAClientThatLeavesIsNoFault(t *testing.T) {
	var log bytes.Buffer
	s := newServer(t)
	s.Rules, s.Incidents = s.store, nil
	_, cookie := s.become(t)
	s.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	for _, asked := range []struct{ method, path, body string }{
		{"GET", "/", ""}, {"GET", "/?symbols=A", ""}, {"GET", "/q/A", ""}, {"GET", "/alerts", ""}, {"GET", "/alerts/list", ""}, {"GET", "/alerts/list?symbol=A", ""},
		{"GET", "/alerts/history", ""}, {"GET", "/settings", ""}, {"GET", "/l/NONE", ""}, {"GET", "/move/CODE", ""},
		{"GET", "/api/v1/profile", ""}, {"GET", "/api/v1/lists", ""}, {"GET", "/api/v1/alerts", ""}, {"GET", "/api/v1/alerts/history", ""},
		{"GET", "/api/v1/notifications", ""}, {"GET", "/api/v1/channels", ""}, {"GET", "/api/v1/profile/export", ""},
		{"POST", "/api/v1/lists", `{"name":"L","symbols":[]}`}, {"POST", "/api/v1/notifications/read", `{"up_to":1}`},
		{"PATCH", "/api/v1/profile", `{"settings":{"sound":true}}`}, {"POST", "/api/v1/profile/move", ""},
	} {
		gone := 0
		for n := int64(0); n < 40; n++ {
			s.callers.changes = budgets[profile.ID]{pace: 1, burst: 1000}
			ctx, leave := context.WithCancel(t.Context())
			at := &leaving{Context: ctx, leave: leave}
			if at.looks.Store(n); n == 0 {
				leave()
			}
			r := httptest.NewRequestWithContext(at, asked.method, "http://localhost"+asked.path, strings.NewReader(asked.body))
			r.Header.Set("Cookie", cookie.Name+"="+cookie.Value)
			r.Header.Set("Content-Type", "application/json")
			log.Reset()
			s.Handler().ServeHTTP(httptest.NewRecorder(), r)
			leave()
			if text := log.String(); strings.Contains(text, "level=WARN") || strings.Contains(text, "level=ERROR") {
				t.Fatalf("%s %s, leaving at the look %d:\n%s", asked.method, asked.path, n, text)
			} else if strings.Contains(text, "the client left") {
				gone++
			}
			if at.looks.Load() > 0 { // it was answered before
				break
			}
		}
		if gone == 0 {
			t.Errorf("%s %s: nobody left in the middle", asked.method, asked.path)
		}
	}
}

// TestAFaultIsToldThoughAnotherClientLeft: only who has left is passed over.
func TestAFaultIsToldThoughAnotherClientLeft(t *testing.T) {
	var log bytes.Buffer
	s := newServer(t)
	s.Logger = slog.New(slog.NewTextHandler(&log, nil))
	ctx, leave := context.WithCancel(t.Context())
	c, w := s.request()
	s.fail(context.Canceled, c) // as a part of ours that was stopped
	if w.Code != http.StatusInternalServerError || !strings.Contains(log.String(), "level=ERROR") {
		t.Errorf("%d, %s", w.Code, log.String())
	}
	log.Reset()
	leave()
	c, _ = s.request()
	c.SetRequest(c.Request().WithContext(ctx))
	s.fail(http.ErrBodyNotAllowed, c) // a fault that came before
	if !strings.Contains(log.String(), "level=ERROR") {
		t.Errorf("a fault is not in the log: %s", log.String())
	}
	late, end := context.WithDeadline(t.Context(), time.Now())
	defer end()
	log.Reset()
	s.without(late, "slow", late.Err())
	if !strings.Contains(log.String(), "level=WARN") {
		t.Errorf("our own time limit is not in the log: %s", log.String())
	}
}
