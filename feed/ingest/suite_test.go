package ingest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/feed/feedtest"
	"github.com/tickboard/tickboard/quotes"
)

// fed is a source that is given lines for as long as it runs.
type fed struct {
	feed.Source
	fill func(ctx context.Context)
}

func (f fed) Run(ctx context.Context, demand *feed.Demand, emit func(feed.Update)) error {
	var filler sync.WaitGroup
	defer filler.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	filler.Go(func() { f.fill(ctx) })
	return f.Source.Run(ctx, demand, emit)
}

// talk is what is given: some of everything, until ctx ends.
type talk struct {
	ctx  context.Context
	rest string
	id   int
}

func (s *talk) Read(p []byte) (int, error) {
	if s.rest == "" {
		select {
		case <-s.ctx.Done():
			return 0, s.ctx.Err()
		case <-time.After(time.Millisecond):
		}
		s.id++
		s.rest = fmt.Sprintf(`{"type":"trade","symbol":"AAA","price":189.840,"size":100,"id":%d}`+"\n"+
			`{"type":"quote","symbol":"BBB","bid":1.5,"bid_size":2,"ask":1.6}`+"\nnonsense\n"+
			`{"type":"correction","symbol":"AAA","price":189.850,"size":100,"id":%[1]d}`+"\n"+
			`{"type":"day","symbol":"CCC","previous_close":1,"volume":2}`+"\n", s.id)
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

// known lists an instrument, as a line before would have.
func known(list *listing) {
	sym := quotes.MustSymbol("AAA")
	in := unnamed(sym, 2)
	if _, err := list.note(&feed.Update{Kind: feed.Listed, Symbol: sym, Instrument: &in}); err != nil {
		panic(err)
	}
}

func TestPostsPassTheSuite(t *testing.T) {
	feedtest.Run(t, feedtest.Case{RealTime: true, Updates: 100, Open: func(t *testing.T) feed.Spec {
		list := newListing()
		known(list)
		source := newSource("ingest", list)
		handler := newPosts(source, token)
		spec := options{name: "ingest", timeliness: quotes.Live}.spec(source, list)
		spec.Source = fed{source, func(ctx context.Context) {
			for ctx.Err() == nil {
				r := httptest.NewRequest(http.MethodPost, "/", &talk{ctx: ctx})
				r.Header.Set("Authorization", "Bearer "+token)
				handler.ServeHTTP(httptest.NewRecorder(), r)
			}
		}}
		return spec
	}})
}

func TestPipePassesTheSuite(t *testing.T) {
	feedtest.Run(t, feedtest.Case{RealTime: true, Updates: 100, Open: func(t *testing.T) feed.Spec {
		list := newListing()
		known(list)
		inputs := make(chan *os.File, 1)
		pipe := newPipe("stdin", func() (*os.File, error) { return <-inputs, nil }, list)
		spec := options{name: "stdin", timeliness: quotes.Delayed, delay: 15 * time.Minute}.spec(pipe, list)
		spec.Source = fed{pipe, func(ctx context.Context) {
			r, w, err := os.Pipe()
			if err != nil {
				t.Error(err)
			}
			defer func() { _ = w.Close() }()
			inputs <- r
			_, err = io.Copy(w, &talk{ctx: ctx})
			if err == nil || !strings.Contains(err.Error(), "broken pipe") && ctx.Err() == nil {
				t.Errorf("the input ended with %v", err)
			}
		}}
		return spec
	}})
}
