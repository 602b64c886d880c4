package sse

import (
	"fmt"
	"net/http"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

// ask opens a stream as a client of that address, and returns nil where it was
// told busy, with the reason.
func (p *pipes) ask(t *testing.T, s *stand, address string) (b *board, c *client, refusal string) {
	t.Helper()
	before := s.sse.Stats().Opened
	conn := p.dial()
	t.Cleanup(func() { _ = conn.Close() })
	c = requestWith(t, conn, "Address: "+address+"\r\n")
	if s.sse.Stats().Opened > before {
		return <-s.boards, c, ""
	}
	return nil, c, c.next()
}

// byHeader counts by what a test says in a header; "" is not counted.
func byHeader(r *http.Request) netip.Prefix {
	p, err := netip.ParsePrefix(r.Header.Get("Address"))
	if err != nil {
		return netip.Prefix{}
	}
	return p
}

const (
	busyAddress = `busy {"reason":"address_limit"}`
	busyRate    = `busy {"reason":"rate_limit"}`
	busyTotal   = `busy {"reason":"limit"}`
)

func TestAddressOverItsLimitIsToldBusyAndOthersAreNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStand(Options{MaxPerAddress: 2, Address: byHeader}, 10)
		p := servePipes(t, s)
		first, c, _ := p.ask(t, s, "192.0.2.1/32")
		for _, step := range []struct{ address, want string }{
			{"192.0.2.1/32", ""},
			{"192.0.2.1/32", busyAddress},
			{"2001:db8::/64", ""},
			{"2001:db8::/64", ""},
			{"2001:db8::/64", busyAddress},
			{"", ""}, {"", ""}, {"", ""}, // not counted
		} {
			if _, c, got := p.ask(t, s, step.address); got != step.want {
				t.Errorf("%s: %q, want %q", step.address, got, step.want)
			} else if retry := c.events.Retry(); got != "" && (retry < 10*time.Second || retry > 30*time.Second) {
				t.Errorf("retry %v", retry)
			}
		}
		if st := s.sse.Stats(); st.Addresses != 2 || st.Refused[ReasonAddress] != 2 || st.Open != 7 {
			t.Errorf("stats %+v", st)
		}
		_ = c.conn.Close()
		<-first.closed
		synctest.Wait()
		if _, _, got := p.ask(t, s, "192.0.2.1/32"); got != "" {
			t.Errorf("after one has left: %q", got)
		}
		drainNow(t, s.sse)
		if st := s.sse.Stats(); st.Addresses != 0 || st.Open != 0 {
			t.Errorf("counted after the end: %+v", st)
		}
	})
}

func TestNewStreamsPerSecondAreBoundedAndRefusalsUseNothingUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStand(Options{Heartbeat: time.Hour, MaxPerSecond: 10, MaxPerAddress: 1, Address: byHeader, MaxStreams: 35}, 10)
		p := servePipes(t, s)
		n := 0
		// Of tries new addresses, how many got in, and what the last one was told.
		try := func(tries int) (in int, last string) {
			for range tries {
				n++
				_, _, last = p.ask(t, s, fmt.Sprintf("10.0.0.%d/32", n))
				if last == "" {
					in++
				}
			}
			return in, last
		}
		check := func(tries, want int, wantLast string) {
			t.Helper()
			if in, last := try(tries); in != want || last != wantLast {
				t.Errorf("%d of %d, the last %q; want %d, %q", in, tries, last, want, wantLast)
			}
		}
		check(15, 10, busyRate)
		time.Sleep(500 * time.Millisecond)
		for range 5 {
			if _, _, got := p.ask(t, s, "10.0.0.1/32"); got != busyAddress {
				t.Fatalf("got %q", got)
			}
		}
		check(6, 5, busyRate)
		time.Sleep(time.Minute) // no more than a second's worth is saved up
		check(12, 10, busyRate)
		time.Sleep(time.Minute)
		check(11, 10, busyTotal)
		drainNow(t, s.sse)
	})
}
