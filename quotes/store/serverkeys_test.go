package store_test

import (
	"errors"
	"strconv"
	"sync"
	"testing"
)

func TestServerKeysAreMadeOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		address := on.address(t)
		db := open(t, address)
		var makers sync.WaitGroup
		got := make(chan string, 8)
		for i := range cap(got) {
			makers.Go(func() {
				key, err := db.ServerKey(t.Context(), "one", func() (string, error) { return strconv.Itoa(i), nil })
				if err != nil {
					t.Error(err)
				}
				got <- key
			})
		}
		makers.Wait()
		first := <-got
		for range cap(got) - 1 {
			if key := <-got; key != first || key == "" {
				t.Errorf("two keys by one name: %q and %q", first, key)
			}
		}
		refused := errors.New("no chance")
		if key, err := db.ServerKey(t.Context(), "two", func() (string, error) { return "", refused }); !errors.Is(err, refused) || key != "" {
			t.Errorf("%q %v", key, err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		db = open(t, address)
		never := func() (string, error) { t.Error("a key that is there is made again"); return "", nil }
		if key, err := db.ServerKey(t.Context(), "one", never); err != nil || key != first {
			t.Errorf("after a restart: %q %v, want %q", key, err, first)
		}
		if key, err := db.ServerKey(t.Context(), "two", func() (string, error) { return "2", nil }); err != nil || key != "2" {
			t.Errorf("another name: %q %v", key, err)
		}
	})
}
