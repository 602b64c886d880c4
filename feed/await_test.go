package feed_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tickboard/tickboard/feed"
)

func TestAStartWaitsForTheFirstQuotesAMoment(t *testing.T) {
	quick := []func(context.Context, func(feed.Update)) error{emits("2.00", "A")}
	for _, c := range []struct {
		name    string
		lists   []error
		symbols []string
		least   time.Duration
		most    time.Duration
	}{
		{"all there", nil, []string{"A"}, 0, 10 * time.Millisecond},
		{"a symbol without a quote", nil, []string{"A", "B"}, 500 * time.Millisecond, 500 * time.Millisecond},
		{"no list", []error{errors.New("away"), errors.New("away"), errors.New("away"), errors.New("away"), errors.New("away")}, nil, 3 * time.Second, 3 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &fake{name: "f", runs: quick, lists: c.lists}
				m, _ := startWith(t, feed.Options{Specs: []feed.Spec{f.spec(c.symbols...)}})
				began := time.Now()
				m.Await(t.Context())
				if took := time.Since(began); took < c.least || took > c.most {
					t.Errorf("it waited %v, not %v to %v", took, c.least, c.most)
				}
			})
		})
	}
}

func TestAStartThatIsGivenUpWaitsNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{name: "f", runs: []func(context.Context, func(feed.Update)) error{untilDone}}
		m, _ := startWith(t, feed.Options{Specs: []feed.Spec{f.spec("A")}})
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		began := time.Now()
		m.Await(ctx)
		if took := time.Since(began); took != 100*time.Millisecond {
			t.Errorf("it waited %v", took)
		}
	})
}

func TestOneFeedAloneTakesPosts(t *testing.T) {
	handler := http.NotFoundHandler()
	schemes := feed.Schemes{
		"x":    {Open: func(*url.URL, feed.Env) (feed.Spec, error) { return feed.Spec{}, nil }},
		"post": {Open: func(*url.URL, feed.Env) (feed.Spec, error) { return feed.Spec{Posts: handler}, nil }},
	}
	specs, err := schemes.OpenAll([]string{"x://1", "post://2", "x://3"}, nil)
	if err != nil || len(specs) != 3 || specs[0].URL != "x://1" || feed.Posts(specs) == nil || feed.Posts(specs[:1]) != nil {
		t.Errorf("%v, %v", specs, err)
	}
	if _, err := schemes.OpenAll([]string{"post://1", "x://2", "post://3"}, nil); err == nil || !strings.Contains(err.Error(), "post://3") {
		t.Errorf("two that take posts: %v", err)
	}
	if _, err := schemes.OpenAll([]string{"x://1", "y://2"}, nil); !errors.Is(err, feed.ErrUnknownScheme) {
		t.Errorf("an unknown one: %v", err)
	}
}
