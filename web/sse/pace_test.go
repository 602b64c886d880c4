package sse

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// bubble runs a test with one open stream in a synctest bubble.
func bubble(t *testing.T, opts Options, rate float64, test func(t *testing.T, c *client, b *board, st *Stream)) {
	t.Helper()
	inBubbles(t, func(t *testing.T, on kind) {
		s := on.stand(opts, rate)
		c := servePipes(t, s).get(t)
		b, st := <-s.boards, <-s.opened
		synctest.Wait()
		test(t, c, b, st)
		_ = c.conn.Close()
		<-b.closed
	})
}

func TestFirstChangeAfterAQuietLeavesAtOnceAndTheNextAfterTheRest(t *testing.T) {
	bubble(t, Options{}, 10, func(t *testing.T, c *client, b *board, _ *Stream) {
		time.Sleep(5 * time.Second)
		start := time.Now()
		b.set("A", "1")
		c.expectAt(start, 0, "A 1")
		time.Sleep(30 * time.Millisecond)
		b.set("A", "2")
		b.set("B", "1")
		time.Sleep(30 * time.Millisecond)
		b.set("A", "3")
		c.expectAt(start, 100*time.Millisecond, "A 3", "B 1")
		time.Sleep(300 * time.Millisecond)
		b.set("B", "2")
		c.expectAt(start, 400*time.Millisecond, "B 2")
	})
}

func TestStreamThatAlwaysHasNewsHasAsManyTurnsAsItsRateAllows(t *testing.T) {
	const seconds = 10
	for _, rate := range []float64{3, 7, 10, 13, 20, 21, 30, 35, 40, 45, 50} {
		t.Run(fmt.Sprint(rate), func(t *testing.T) {
			bubble(t, Options{}, rate, func(t *testing.T, c *client, b *board, _ *Stream) {
				events := make(chan int)
				end := time.Now().Add(seconds * time.Second)
				go func() {
					n := 0
					for c.next(); time.Now().Before(end); c.next() {
						n++
					}
					events <- n
				}()
				for time.Now().Before(end.Add(time.Second)) {
					b.set("A", "1")
					time.Sleep(time.Millisecond)
				}
				if got, want := float64(<-events), seconds*rate; got < 0.97*want || got > want+2 {
					t.Errorf("%v turns in %d s, want %v", got, seconds, want)
				}
			})
		})
	}
}

func TestUrgentLeavesAtOnceTakesAlongWhatWaitsAndStartsARest(t *testing.T) {
	bubble(t, Options{}, 1, func(t *testing.T, c *client, b *board, _ *Stream) {
		start := time.Now()
		b.set("A", "1")
		c.expectAt(start, 0, "A 1")
		time.Sleep(100 * time.Millisecond)
		b.set("A", "2")
		time.Sleep(100 * time.Millisecond)
		b.say("note")
		c.expectAt(start, 200*time.Millisecond, "note {}", "A 2")
		synctest.Wait()
		b.set("A", "3")
		c.expectAt(start, 1200*time.Millisecond, "A 3")
	})
}

func TestRateChangesDuringARest(t *testing.T) {
	bubble(t, Options{}, 0.1, func(t *testing.T, c *client, b *board, st *Stream) {
		start := time.Now()
		b.set("A", "1")
		c.expect("A 1")
		b.set("A", "2")
		time.Sleep(time.Second)
		st.SetRate(0.5)
		c.expectAt(start, 2*time.Second, "A 2")
		synctest.Wait()
		st.SetRate(0) // no limit
		b.set("A", "3")
		c.expectAt(start, 2*time.Second, "A 3")
		synctest.Wait()
		b.set("A", "4")
		c.expectAt(start, 2*time.Second, "A 4")
	})
}

func TestTurnsWithNothingToTakeCostNoRest(t *testing.T) {
	bubble(t, Options{}, 1, func(t *testing.T, c *client, b *board, _ *Stream) {
		start := time.Now()
		b.stream.Ring(false)
		synctest.Wait()
		b.set("A", "1")
		c.expectAt(start, 0, "A 1")
	})
}

func TestRingsDuringARestDoNotWakeTheStream(t *testing.T) {
	bubble(t, Options{}, 1, func(t *testing.T, c *client, b *board, _ *Stream) {
		b.set("A", "0")
		c.expect("A 0")
		synctest.Wait()
		before := b.takes
		for range 100 {
			b.set("A", "1")
			time.Sleep(time.Millisecond)
		}
		c.expect("A 1")
		synctest.Wait()
		if took := b.takes - before; took != 1 {
			t.Errorf("100 changes in one rest cost %d takes, want 1", took)
		}
	})
}

func TestHeartbeatComesWhenNothingWasWrittenAndDelaysNoChange(t *testing.T) {
	bubble(t, Options{Heartbeat: 10 * time.Second}, 0.2, func(t *testing.T, c *client, b *board, _ *Stream) {
		start := time.Now()
		c.expectAt(start, 10*time.Second, `heartbeat {"status":"ok","time":"2000-01-01T00:00:10Z"}`)
		time.Sleep(4 * time.Second)
		b.set("A", "1")
		c.expectAt(start, 14*time.Second, "A 1")
		c.expectAt(start, 24*time.Second, `heartbeat {"status":"ok","time":"2000-01-01T00:00:24Z"}`)
		b.set("A", "2")
		c.expectAt(start, 24*time.Second, "A 2")
	})
}

func TestHeartbeatComesDuringALongRest(t *testing.T) {
	bubble(t, Options{Heartbeat: 3 * time.Second}, 0.1, func(t *testing.T, c *client, b *board, _ *Stream) {
		start := time.Now()
		b.set("A", "1")
		c.expect("A 1")
		b.set("A", "2")
		for i := 1; i <= 3; i++ {
			if got := c.next(); !strings.HasPrefix(got, "heartbeat ") {
				t.Fatalf("event %q, want a heartbeat", got)
			}
		}
		c.expectAt(start, 10*time.Second, "A 2")
	})
}

func TestSlowReaderGetsTheNewestNotWhatWaited(t *testing.T) {
	big := strings.Repeat("x", maxPiece/2)
	bubble(t, Options{}, 10, func(t *testing.T, c *client, b *board, _ *Stream) {
		c.narrow(maxPiece / 2)
		for _, key := range []string{"A", "B", "C", "D"} {
			b.set(key, key+"-old-"+big)
		}
		time.Sleep(5 * time.Second) // nothing is read: the first piece, which is A, is stuck
		for _, key := range []string{"A", "B", "C", "D"} {
			b.set(key, key+"-new-"+big)
		}
		var got []string
		for range 5 {
			got = append(got, c.next()[:7])
		}
		if want := "A A-old B B-new C C-new D D-new A A-new"; strings.Join(got, " ") != want {
			t.Errorf("a slow reader got %q, want %q", strings.Join(got, " "), want)
		}
	})
}

// tooMuch is more than any connection of these tests takes unread.
var tooMuch = strings.Repeat("x", maxPiece)

func TestReaderThatTakesNothingIsCutAfterTheWriteTimeout(t *testing.T) {
	inBubbles(t, func(t *testing.T, on kind) {
		s := on.stand(Options{WriteTimeout: 7 * time.Second}, 10)
		c := servePipes(t, s).get(t)
		b := <-s.boards
		time.Sleep(3 * time.Second)
		c.narrow(0)
		start := time.Now()
		b.set("A", tooMuch)
		r := <-b.closed
		if got := time.Since(start); r.Reason != ReasonTimeout || got < 7*time.Second || got > 7*time.Second+on.late() {
			t.Errorf("ended with %q after %v, want %q after 7s", r.Reason, got, ReasonTimeout)
		}
		left := int64(0)
		if on.shared {
			left = 1 // to the connection
		}
		if r.Err == nil || r.Duration.Round(100*time.Millisecond) != 10*time.Second || r.Events != left {
			t.Errorf("report %+v", r)
		}
	})
}

func TestReaderThatTakesAPieceInTimeIsNeverCut(t *testing.T) {
	inBubbles(t, func(t *testing.T, on kind) {
		s := on.stand(Options{WriteTimeout: 15 * time.Second, Heartbeat: time.Hour}, 10)
		ask, every := request, 2*time.Second
		if on.shared {
			ask, every = shared, time.Second // each of its pieces has a head
		}
		c := ask(t, &slowConn{servePipes(t, s).dial(), 4 << 10, every})
		b := <-s.boards
		b.set("A", strings.Repeat("x", 10*maxPiece)) // one frame of ten pieces
		start := time.Now()
		if ev, err := c.events.Next(); err != nil || len(ev.Data) != 10*maxPiece {
			t.Errorf("a reader of 2 KB a second got %d bytes: %v", len(ev.Data), err)
		}
		if time.Since(start) < 60*time.Second {
			t.Error("the reader was not slow")
		}
		_ = c.conn.Close()
		if r := <-b.closed; r.Reason != ReasonGone {
			t.Errorf("ended with %q: %v", r.Reason, r.Err)
		}
		time.Sleep(every) // what reads the connection may sleep still
	})
}

func TestClientThatLeavesIsNoticedWhileNothingIsWritten(t *testing.T) {
	inBubbles(t, func(t *testing.T, on kind) {
		s := on.stand(Options{}, 10)
		c := servePipes(t, s).get(t)
		b := <-s.boards
		time.Sleep(time.Second)
		_ = c.conn.Close()
		if r := <-b.closed; r.Reason != ReasonGone || r.Err != nil || r.Duration != time.Second {
			t.Errorf("report %+v", r)
		}
	})
}

func TestEndSaysByeWithItsReason(t *testing.T) {
	inBubbles(t, func(t *testing.T, on kind) {
		s := on.stand(Options{}, 10)
		c := servePipes(t, s).get(t)
		b, st := <-s.boards, <-s.opened
		st.End(`say "when"`)
		st.End("later")
		c.expect(`bye {"reason":"say \"when\""}`)
		if retry := c.events.Retry(); retry < time.Second || retry > 5*time.Second {
			t.Errorf("retry %v", retry)
		}
		if _, err := c.events.Next(); err == nil {
			t.Error("the stream goes on after its bye")
		}
		if r := <-b.closed; r.Reason != `say "when"` || r.Err != nil {
			t.Errorf("report %+v", r)
		}
		st.End("again") // neither blocks nor reaches the connection's next answer
		st.SetRate(1)
	})
}

func TestEndCutsAWriteThatIsStuckShort(t *testing.T) {
	inBubbles(t, func(t *testing.T, on kind) {
		s := on.stand(Options{}, 10)
		c := servePipes(t, s).get(t)
		b, st := <-s.boards, <-s.opened
		c.narrow(0)
		b.set("A", tooMuch)
		synctest.Wait() // the write waits for a reader
		start := time.Now()
		st.End(ReasonDrain)
		r := <-b.closed
		if got := time.Since(start); got < goodbyeTimeout || got > goodbyeTimeout+on.late() || r.Reason != ReasonDrain || r.Err == nil {
			t.Errorf("ended after %v: %+v", got, r)
		}
	})
}

func TestContentThatFailsEndsTheStreamWithAGoodbye(t *testing.T) {
	inBubbles(t, func(t *testing.T, on kind) {
		s := on.stand(Options{}, 10)
		c := servePipes(t, s).get(t)
		b := <-s.boards
		failure := errors.New("no more")
		b.broken(failure)
		c.expect(`bye {"reason":"error"}`)
		if r := <-b.closed; r.Reason != ReasonError || !errors.Is(r.Err, failure) {
			t.Errorf("report %+v", r)
		}
	})
}

func TestReportAndStatsAgreeWithWhatWasWritten(t *testing.T) {
	inBubbles(t, func(t *testing.T, on kind) {
		s := on.stand(Options{Heartbeat: 10 * time.Second}, 10)
		c := servePipes(t, s).get(t)
		b, st := <-s.boards, <-s.opened
		b.set("A", "1")
		c.expect("A 1")
		time.Sleep(time.Second)
		b.set("A", "2")
		b.say("note")
		c.expect("note {}", "A 2")
		c.next() // a heartbeat
		st.End("enough")
		c.next()
		if on.loop { // it waits for the client to close
			_ = c.conn.Close()
		}
		r := <-b.closed
		synctest.Wait()
		if r.Turns != 2 || r.Events != 3 || r.Heartbeats != 1 || r.Duration < 11*time.Second || r.Duration > 11*time.Second+on.late() || len(b.wrote) != 2 {
			t.Errorf("report %+v, %d turns told", r, len(b.wrote))
		}
		got := s.sse.Stats()
		if got.Turns != r.Turns || got.Events != r.Events || got.Heartbeats != r.Heartbeats || got.Bytes != r.Bytes ||
			got.Open != 0 || got.Opened != 1 || got.Ended["enough"] != 1 {
			t.Errorf("stats %+v do not agree with the report %+v", got, r)
		}
		body := "event: A\ndata: 1\n\nevent: note\ndata: {}\n\nevent: A\ndata: 2\n\n" +
			"event: heartbeat\ndata: {\"status\":\"ok\",\"time\":\"2000-01-01T00:00:11Z\"}\n\n" +
			"retry: 1000\nevent: bye\ndata: {\"reason\":\"enough\"}\n\n"
		if r.Bytes != int64(len(body)) {
			t.Errorf("%d bytes counted, want %d", r.Bytes, len(body))
		}
	})
}
