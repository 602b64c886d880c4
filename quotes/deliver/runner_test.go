package deliver

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/quotes/alert"
)

// memory is an Outbox without a disk. The rules of what is due are those of
// quotes/store, which has tests of its own.
type memory struct {
	mu       sync.Mutex
	rows     []*Delivery
	leased   map[RowID]time.Time
	channels map[ChannelID]*Channel
	fail     error
	results  map[RowID][]Result
}

func newMemory(channels ...Channel) *memory {
	m := &memory{leased: make(map[RowID]time.Time), channels: make(map[ChannelID]*Channel), results: make(map[RowID][]Result)}
	for i := range channels {
		channels[i].ID, channels[i].Enabled, channels[i].Confirmed = ChannelID(i+1), true, time.Now()
		m.channels[channels[i].ID] = &channels[i]
	}
	return m
}

// add adds a row that brings n to a channel.
func (m *memory) add(to ChannelID, n alert.Notification) RowID {
	m.mu.Lock()
	defer m.mu.Unlock()
	id := RowID(len(m.rows) + 1)
	m.rows = append(m.rows, &Delivery{
		ID: id, Channel: to, Profile: m.channels[to].Profile, Notification: n.ID, Payload: n.AppendJSON(nil),
		Created: time.Now(), Due: time.Now(), State: Waiting,
	})
	return id
}

func (m *memory) row(id RowID) Delivery {
	m.mu.Lock()
	defer m.mu.Unlock()
	return *m.rows[id-1]
}

func (m *memory) set(change func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change()
}

func (m *memory) first(row *Delivery) bool {
	return !slices.ContainsFunc(m.rows, func(r *Delivery) bool {
		return r.State == Waiting && r.Channel == row.Channel && r.ID < row.ID
	})
}

func (m *memory) Due(_ context.Context, now time.Time, limit int) ([]Due, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var due []*Delivery
	for _, row := range m.rows {
		if row.State == Waiting && m.first(row) && !row.Due.After(now) && !m.leased[row.ID].After(now) {
			due = append(due, row)
		}
	}
	slices.SortFunc(due, func(a, b *Delivery) int { return cmp.Or(a.Due.Compare(b.Due), int(a.ID-b.ID)) })
	var list []Due
	for _, row := range due[:min(limit, len(due))] {
		list = append(list, Due{row.ID, row.Profile})
	}
	return list, m.fail
}

func (m *memory) Lease(_ context.Context, id RowID, now, until time.Time, _ Rate) (Lease, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	row := m.rows[id-1]
	if m.fail != nil || row.State != Waiting || !m.first(row) || row.Due.After(now) || m.leased[id].After(now) {
		return Lease{}, false, m.fail
	}
	row.Tries++
	m.leased[id] = until
	return Lease{*row, *m.channels[row.Channel], until}, true, nil
}

func (m *memory) Finish(_ context.Context, l Lease, now time.Time, r Result) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	row := m.rows[l.Delivery.ID-1]
	if m.fail != nil || row.Tries != l.Delivery.Tries {
		return false, m.fail
	}
	row.State, row.Error, row.Due = r.State, r.Error, r.Due
	delete(m.leased, row.ID)
	m.results[row.ID] = append(m.results[row.ID], r)
	if c := m.channels[row.Channel]; r.State == Delivered {
		c.Failing = time.Time{}
	} else if c.Failing.IsZero() {
		c.Failing = now
	}
	return true, nil
}

func (m *memory) Free(_ context.Context, l Lease) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.leased, l.Delivery.ID)
	return nil
}

func (m *memory) FreeAll(context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.leased)
	return m.fail
}

func (m *memory) PruneOutbox(context.Context, time.Time, time.Time) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return 0, m.fail
}

func (m *memory) Backlog(context.Context) (int, time.Time, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	waiting := 0
	for _, row := range m.rows {
		if row.State == Waiting {
			waiting++
		}
	}
	return waiting, time.Time{}, nil
}

// sendFunc is a Sender.
type sendFunc func(ctx context.Context, c Channel, m Message) error

func (f sendFunc) Send(ctx context.Context, c Channel, m Message) error { return f(ctx, c, m) }

// start runs a Runner of webhooks in the bubble; what it returns ends it.
func start(t *testing.T, m *memory, send sendFunc, change ...func(*Options)) (r *Runner, stop func()) {
	t.Helper()
	o := Options{Senders: Senders{Webhook: send, Push: send}, Logger: slog.New(slog.DiscardHandler)}
	for _, c := range change {
		c(&o)
	}
	r = NewRunner(m, o)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	return r, sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// told is a notification with a number.
func told(id int64) alert.Notification {
	return alert.Notification{ID: id, Type: alert.Info, Message: fmt.Sprint("number ", id), Time: time.Now()}
}

func TestTriesWaitLongerAndLongerUntilARowIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(Channel{Kind: Webhook})
		begin := time.Now()
		var at []time.Duration
		keys := make(map[string]bool)
		_, stop := start(t, m, func(_ context.Context, _ Channel, message Message) error {
			at = append(at, time.Since(begin))
			keys[message.Key] = true
			return errors.New("it answered 500")
		})
		defer stop()
		id := m.add(1, told(1))
		time.Sleep(30 * time.Hour)
		synctest.Wait()
		want := 5 * time.Second
		for i := 1; i < len(at)-1; i++ { // the last is brought forward to the end
			gap := at[i] - at[i-1]
			if gap < want*8/10 || gap > want*12/10+2*time.Second {
				t.Errorf("the wait before try %d is %v, want about %v", i+1, gap, want)
			}
			want = min(2*want, time.Hour)
		}
		last := at[len(at)-1]
		if row := m.row(id); last < 24*time.Hour || last > 24*time.Hour+2*time.Second || row.State != Dead ||
			!strings.HasPrefix(row.Error, "given up after 24h") || !strings.HasSuffix(row.Error, "it answered 500") || len(keys) != 1 {
			t.Errorf("the last try is after %v: %+v; %d keys", last, row, len(keys))
		}
	})
}

func TestWhatATryIsAnsweredDecidesWhatFollows(t *testing.T) {
	no := errors.New("no")
	for name, c := range map[string]struct {
		kind    Kind
		err     error
		failing time.Duration // for how long it has failed already
		test    bool
		want    Result
		due     time.Duration // at least, from now
	}{
		"taken":                        {Webhook, nil, time.Hour, false, Result{State: Delivered}, 0},
		"failed":                       {Webhook, no, 0, false, Result{State: Waiting, Error: "no"}, 4 * time.Second},
		"asked to wait":                {Webhook, RetryAfter(10*time.Minute, no), 0, false, Result{State: Waiting, Error: "no"}, 10 * time.Minute},
		"asked to wait for long":       {Webhook, RetryAfter(48*time.Hour, no), 0, false, Result{State: Waiting, Error: "no"}, 24 * time.Hour},
		"never":                        {Webhook, Permanent(no), 0, false, Result{State: Dead, Error: "no"}, 0},
		"not allowed any more":         {Webhook, fmt.Errorf("%w: only https: is allowed here", ErrInvalid), 0, false, Result{State: Waiting, Error: "only https: is allowed here"}, 4 * time.Second},
		"gone":                         {Webhook, Gone(no), 0, false, Result{State: Dead, Error: "no", Close: true}, 0},
		"a browser that is gone":       {Push, Gone(no), 0, false, Result{State: Dead, Error: "no", Remove: true}, 0},
		"failing for days":             {Webhook, Permanent(no), 6 * day, false, Result{State: Dead, Error: "no"}, 0},
		"failing for more than a week": {Webhook, Permanent(no), 8 * day, false, Result{State: Dead, Error: "no", Close: true}, 0},
		"a test":                       {Webhook, no, 0, true, Result{State: Dead, Error: "no"}, 0},
		"a text that is long":          {Webhook, Permanent(errors.New(strings.Repeat("é", 200))), 0, false, Result{State: Dead, Error: strings.Repeat("é", 150) + "…"}, 0},
		"out of time":                  {Webhook, fmt.Errorf("post: %w", context.DeadlineExceeded), 0, false, Result{State: Waiting, Error: "it does not answer in time"}, 4 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newMemory(Channel{Kind: c.kind})
				if c.failing > 0 {
					m.channels[1].Failing = time.Now().Add(-c.failing)
				}
				_, stop := start(t, m, func(context.Context, Channel, Message) error { return c.err })
				n := told(1)
				if c.test {
					n.ID = 0
				}
				now := time.Now()
				id := m.add(1, n)
				time.Sleep(time.Second)
				stop()
				got := m.results[id][0]
				if wait := got.Due.Sub(now); c.want.State == Waiting && (wait < c.due || wait > max(c.due, 6*time.Second)+time.Second) {
					t.Errorf("it waits for %v", wait)
				}
				got.Due = time.Time{}
				if got != c.want {
					t.Errorf("%+v, want %+v", got, c.want)
				}
			})
		})
	}
}

func TestASlowReceiverHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(Channel{Kind: Webhook, Profile: 1}, Channel{Kind: Webhook, Profile: 2})
		var got []int64
		_, stop := start(t, m, func(ctx context.Context, c Channel, message Message) error {
			if c.ID == 1 {
				<-ctx.Done()
				return ctx.Err()
			}
			got = append(got, message.Notification.ID)
			return nil
		})
		defer stop()
		slow := m.add(1, told(1))
		for id := range int64(50) {
			m.add(2, told(id+2))
		}
		time.Sleep(1500 * time.Millisecond) // one look
		synctest.Wait()
		if len(got) != 50 || !slices.IsSorted(got) {
			t.Errorf("the other has got %v", got)
		}
		if row := m.row(slow); row.State != Waiting || row.Error != "" {
			t.Errorf("%+v", row)
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if row := m.row(slow); row.State != Waiting || row.Error != "it does not answer in time" {
			t.Errorf("after its time: %+v", row)
		}
	})
}

func TestTriesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var channels []Channel
		for i := range 40 {
			channels = append(channels, Channel{Kind: Webhook, Profile: int64(i/10 + 1)})
		}
		m := newMemory(channels...)
		under := make(map[int64]int)
		most, all := make(map[int64]int), 0
		var mu sync.Mutex
		r, stop := start(t, m, func(ctx context.Context, c Channel, _ Message) error {
			mu.Lock()
			under[c.Profile]++
			most[c.Profile] = max(most[c.Profile], under[c.Profile])
			sum := 0
			for _, n := range under {
				sum += n
			}
			all = max(all, sum)
			mu.Unlock()
			time.Sleep(time.Second)
			mu.Lock()
			under[c.Profile]--
			mu.Unlock()
			return nil
		}, func(o *Options) { o.Tries, o.TriesPerProfile = 10, 4 })
		defer stop()
		for i := range 40 {
			m.add(ChannelID(i+1), told(int64(i+1)))
		}
		r.Hint()
		time.Sleep(30 * time.Second)
		synctest.Wait()
		for profile, n := range most {
			if n > 4 {
				t.Errorf("%d tries of profile %d at once", n, profile)
			}
		}
		if st := r.Stats(); all != 10 || st.Delivered != 40 || st.Running != 0 || st.Waiting != 0 {
			t.Errorf("%d at once; %+v", all, st)
		}
	})
}

func TestStopCutsTriesShortAndFreesTheirRows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(Channel{Kind: Webhook, Profile: 1}, Channel{Kind: Webhook, Profile: 2})
		keys := make(map[string]int)
		var mu sync.Mutex
		hang := true
		send := func(ctx context.Context, c Channel, message Message) error {
			mu.Lock()
			keys[message.Key]++
			wait := hang
			mu.Unlock()
			if c.ID == 2 { // nearly done
				time.Sleep(200 * time.Millisecond)
				return nil
			}
			if wait {
				<-ctx.Done()
			}
			return ctx.Err()
		}
		stuck, quick := m.add(1, told(1)), m.add(2, told(2))
		r, stop := start(t, m, send)
		time.Sleep(100 * time.Millisecond)
		begin := time.Now()
		stop()
		if took := time.Since(begin); took > 300*time.Millisecond {
			t.Errorf("the stop took %v", took)
		}
		if m.row(quick).State != Delivered || m.row(stuck).State != Waiting || r.Stats().Cut != 1 {
			t.Errorf("%+v %+v %+v", m.row(quick), m.row(stuck), r.Stats())
		}
		mu.Lock()
		hang = false
		mu.Unlock()
		_, stop = start(t, m, send)
		time.Sleep(10 * time.Millisecond) // no lease is to be waited for
		stop()
		if m.row(stuck).State != Delivered || len(keys) != 2 {
			t.Errorf("after the restart: %+v, %v", m.row(stuck), keys)
		}
	})
}

func TestLeasesOfAProcessThatWasKilledEnd(t *testing.T) {
	for alone, want := range map[bool]time.Duration{true: 0, false: time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			m := newMemory(Channel{Kind: Webhook})
			id := m.add(1, told(1))
			begin := time.Now()
			if _, ok, err := m.Lease(t.Context(), id, begin, begin.Add(time.Minute), Rate{}); !ok || err != nil {
				t.Fatal(ok, err)
			}
			var took time.Duration
			_, stop := start(t, m, func(context.Context, Channel, Message) error { took = time.Since(begin); return nil },
				func(o *Options) { o.Alone = alone })
			time.Sleep(2 * time.Minute)
			stop()
			if row := m.row(id); row.State != Delivered || row.Tries != 2 || took < want || took > want+time.Second {
				t.Errorf("alone: %v: after %v: %+v", alone, took, row)
			}
		})
	}
}

func TestOutageOfTheDatabaseLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(Channel{Kind: Webhook})
		sent := 0
		var log bytes.Buffer
		r, stop := start(t, m, func(context.Context, Channel, Message) error {
			sent++
			m.set(func() { m.fail = quotes.ErrStorageAway }) // as soon as the receiver has it
			return nil
		}, func(o *Options) { o.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
		id := m.add(1, told(1))
		time.Sleep(20 * time.Second)
		m.set(func() { m.fail = nil })
		time.Sleep(5 * time.Second)
		stop()
		if row := m.row(id); row.State != Delivered || sent != 1 {
			t.Errorf("sent %d times: %+v", sent, row)
		}
		if lines := strings.Count(log.String(), "\n"); lines != 2 || r.Stats().Delivered != 1 {
			t.Errorf("%d lines: %s", lines, log.String())
		}
	})
}

func TestMessagesAreMadeForWhoReadsThem(t *testing.T) {
	site, err := url.Parse("https://quotes.example.com")
	if err != nil {
		t.Fatal(err)
	}
	with := func(change func(*alert.Notification)) alert.Notification {
		n := told(7)
		change(&n)
		return n
	}
	for _, c := range []struct {
		name        string
		n           alert.Notification
		title, link string
	}{
		{"a message", told(7), "tickboard", ""},
		{"with a symbol", with(func(n *alert.Notification) { n.Symbol = quotes.MustSymbol("BTC/USD") }), "BTC/USD", "https://quotes.example.com/q/BTC/USD"},
		{"with a strange symbol", with(func(n *alert.Notification) { n.Symbol = quotes.MustSymbol("^X:Y=Z") }), "^X:Y=Z", "https://quotes.example.com/q/%5EX:Y=Z"},
		{"with a path", with(func(n *alert.Notification) { n.Link = "/alerts?x=1" }), "tickboard", "https://quotes.example.com/alerts?x=1"},
		{"with an address", with(func(n *alert.Notification) { n.Link = "https://example.com/a" }), "tickboard", "https://example.com/a"},
	} {
		r := NewRunner(nil, Options{PublicURL: site})
		m, err := r.message(Delivery{ID: 3, Notification: 7, Payload: c.n.AppendJSON(nil)})
		if err != nil || m.Title != c.title || m.Link != c.link || m.Text != "number 7" || m.Test || len(m.Key) != 32 {
			t.Errorf("%s: %+v, %v", c.name, m, err)
		}
		var back alert.Notification
		if err := back.UnmarshalJSON(m.Body); err != nil || back.Link != c.link || back.ID != 7 {
			t.Errorf("%s: the body is %s, %v", c.name, m.Body, err)
		}
	}
}

func TestWhatCannotBeDeliveredIsGivenUpAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(Channel{Kind: Webhook, Profile: 1}, Channel{Kind: Webhook, Profile: 2}, Channel{Kind: Webhook, Profile: 3}, Channel{Kind: Webhook, Profile: 4})
		_, stop := start(t, m, func(_ context.Context, c Channel, _ Message) error {
			if c.ID == 3 {
				panic("a library's")
			}
			return nil
		})
		expired := told(1)
		expired.Time, expired.Expires = time.Now().Add(-time.Hour), time.Now().Add(-time.Minute)
		late, broken, panics, fine := m.add(1, expired), m.add(2, told(2)), m.add(3, told(3)), m.add(4, told(4))
		m.set(func() { m.rows[broken-1].Payload = []byte("{") })
		time.Sleep(2 * time.Second)
		stop()
		for id, says := range map[RowID]string{late: "expired", broken: "cannot be read", panics: "the server failed"} {
			if row := m.row(id); row.State != Dead || !strings.Contains(row.Error, says) {
				t.Errorf("%+v; want %q", row, says)
			}
		}
		if m.row(fine).State != Delivered {
			t.Errorf("%+v", m.row(fine))
		}
	})
}

func TestKindWithoutASenderWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(Channel{Kind: Email})
		_, stop := start(t, m, nil)
		id := m.add(1, told(1))
		time.Sleep(2 * time.Second)
		stop()
		if row := m.row(id); row.State != Waiting || row.Error == "" {
			t.Errorf("%+v", row)
		}
	})
}
