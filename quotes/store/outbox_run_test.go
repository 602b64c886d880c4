package store_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tickboard/tickboard/quotes/deliver"
	"github.com/tickboard/tickboard/quotes/store"
)

// receiver counts what arrives, in its order.
type receiver struct {
	mu   sync.Mutex
	keys map[string]int
	got  map[deliver.ChannelID][]int64
	all  chan struct{} // closed when everything is there
	want int
	// When left comes to 0, cut is called; that arrival is answered no more.
	left int
	cut  context.CancelFunc
}

func newReceiver(want int) *receiver {
	return &receiver{keys: make(map[string]int), got: make(map[deliver.ChannelID][]int64), all: make(chan struct{}), want: want}
}

// Send implements deliver.Sender.
func (r *receiver) Send(ctx context.Context, c deliver.Channel, m deliver.Message) error {
	if cut := r.take(c, m); cut != nil {
		cut()
		<-ctx.Done()
	}
	return ctx.Err()
}

func (r *receiver) take(c deliver.Channel, m deliver.Message) context.CancelFunc {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.keys[m.Key]++; r.keys[m.Key] == 1 {
		r.got[c.ID] = append(r.got[c.ID], m.Notification.ID)
		if r.want--; r.want == 0 {
			close(r.all)
		}
	}
	if r.left--; r.left == 0 {
		return r.cut
	}
	return nil
}

// cutAfter sets the arrival at which cut is called.
func (r *receiver) cutAfter(arrivals int, cut context.CancelFunc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.left, r.cut = arrivals, cut
}

func runner(db *store.DB, r *receiver, lease time.Duration) *deliver.Runner {
	run := deliver.NewRunner(db, deliver.Options{
		Senders: deliver.Senders{deliver.Webhook: r}, Poll: 5 * time.Millisecond, Grace: time.Nanosecond,
		Lease: lease, Rate: often, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	db.OnOutbox(run.Hint)
	return run
}

// TestTwoProcessesDeliverOnceInOrder: both work on one database, at once.
func TestTwoProcessesDeliverOnceInOrder(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		address := on.address(t)
		const channels, notes = 5, 20
		first, second := open(t, address), open(t, address)
		for range channels {
			addChannel(t, first, aChannel())
		}
		r := newReceiver(channels * notes)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		var all sync.WaitGroup
		for _, run := range []*deliver.Runner{runner(first, r, time.Minute), runner(second, r, time.Minute)} {
			all.Go(func() {
				if err := run.Run(ctx); err != nil {
					t.Error(err)
				}
			})
		}
		tell(t, first, notes)
		awaitAll(t, r)
		stop()
		all.Wait()
		for key, times := range r.keys {
			if times != 1 {
				t.Errorf("%s came %d times", key, times)
			}
		}
		r.inOrder(t, channels, notes)
	})
}

func awaitAll(t *testing.T, r *receiver) {
	t.Helper()
	select {
	case <-r.all:
	case <-time.After(time.Minute):
		t.Fatal("not everything arrives")
	}
}

// inOrder checks that each channel has got each notification, in their order.
func (r *receiver) inOrder(t *testing.T, channels, notes int) {
	t.Helper()
	if len(r.got) != channels {
		t.Errorf("%d channels got something, want %d", len(r.got), channels)
	}
	for id, list := range r.got {
		if len(list) != notes || !slices.IsSorted(list) {
			t.Errorf("channel %d got %v", id, list)
		}
	}
}

// shortLease has a row that was under way at a cut come again soon.
const shortLease = time.Millisecond

// TestEndsAtAnyMomentLoseNoDelivery: thirty times all that is under way is
// dropped, notifications and deliveries. Whatever was stored arrives, in its order.
func TestEndsAtAnyMomentLoseNoDelivery(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		address := on.address(t)
		const channels, lives = 3, 15
		db := open(t, address)
		for range channels {
			addChannel(t, db, aChannel())
		}
		r := newReceiver(-1)
		for n := range lives {
			liveOutbox(t, address, r, n)
		}
		newest, _, err := db.Bounds(t.Context())
		if err != nil || newest == 0 {
			t.Fatal(newest, err)
		}
		r.mu.Lock()
		r.want = channels*int(newest) - len(r.keys)
		if r.want == 0 {
			close(r.all)
		}
		r.mu.Unlock()
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		run := runner(db, r, shortLease)
		go func() { done <- run.Run(ctx) }()
		awaitAll(t, r)
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		r.inOrder(t, channels, int(newest))
		twice := 0
		for _, times := range r.keys {
			twice += times - 1
		}
		if twice < lives/2 {
			t.Errorf("%d tries came again after a cut, in %d lives", twice, lives)
		}
		t.Logf("%d deliveries, %d came again", len(r.keys), twice)
	})
}

// liveOutbox is one life of the process, cut off while something arrives.
func liveOutbox(t *testing.T, address string, r *receiver, n int) {
	t.Helper()
	db, err := connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cut := context.WithCancel(t.Context())
	var all sync.WaitGroup
	r.cutAfter(1+rand.IntN(6), cut)
	run := runner(db, r, shortLease)
	all.Go(func() { _ = run.Run(ctx) })
	all.Go(func() {
		for i := 0; ctx.Err() == nil && i < 3; i++ {
			message := note(fmt.Sprint(n, ".", i))
			message.Profile = 7
			if _, err := db.Append(ctx, message); err != nil && !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		}
	})
	<-ctx.Done()
	if err := db.Close(); err != nil { // before all has ended
		t.Error(err)
	}
	all.Wait()
}
