//go:build linux

package main

import (
	"bufio"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	okHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n\r\n"
	hello  = "retry: 2000\nevent: hello\ndata: {}\n\n"
)

// event is a quote of SIM0000 with a version, and an id.
func event(version, id int) string {
	return fmt.Sprintf("id: %d\nevent: stock_quote\ndata: {\"symbol\":\"SIM0000\",\"price\":1,\"time\":\"2026-11-22T14:06:05Z\",\"version\":%d}\n\n", id, version)
}

func TestFleetSeesWhatIsWrong(t *testing.T) {
	good := okHead + hello + event(1, 1) + event(2, 2)
	for name, test := range map[string]struct{ answer, fault string }{
		"a good stream":            {good, ""},
		"a heartbeat and a remark": {good + "event: heartbeat\ndata: {}\n\n: hi\n\n", ""},
		"chunks":                   {strings.Replace(okHead, "\r\n\r\n", "\r\nTransfer-Encoding: chunked\r\n\r\n", 1) + fmt.Sprintf("%x\r\n%s\r\n", len(hello), hello) + fmt.Sprintf("%x\r\n%s\r\n", len(event(1, 1)), event(1, 1)), ""},
		"the end of chunks":        {strings.Replace(okHead, "\r\n\r\n", "\r\nTransfer-Encoding: chunked\r\n\r\n", 1) + "0\r\n\r\n", "chunks"},
		"another status":           {strings.Replace(good, "200 OK", "429 Too Many Requests", 1), "status"},
		"another type":             {strings.Replace(good, "event-stream", "html", 1), "status"},
		"no hello":                 {okHead + event(1, 1), "hello"},
		"two":                      {okHead + hello + hello, "hello"},
		"busy":                     {okHead + "event: busy\ndata: {}\n\n", "busy"},
		"a version again":          {good + event(2, 2), "order"},
		"a version back":           {good + event(1, 1), "order"},
		"another id":               {good + event(3, 4), "id"},
		"another symbol":           {good + strings.Replace(event(3, 3), "SIM0000", "SIM0001", 1), "symbol"},
		"broken JSON":              {good + strings.Replace(event(3, 3), "}", "", 1), "json"},
		"a line in the wrong":      {good + "x" + event(3, 3), "framing"},
	} {
		t.Run(name, func(t *testing.T) {
			got := faultsOf(t, test.answer)
			if kinds := slices.Collect(maps.Keys(got)); test.fault == "" && len(kinds) > 0 || test.fault != "" && !slices.Equal(kinds, []string{test.fault}) {
				t.Errorf("%q, want %q", got.list(), test.fault)
			}
		})
	}
}

func TestFleetSeesAStreamThatMissesTheNewest(t *testing.T) {
	f := answering(t, okHead+hello+event(1, 1))
	f.newest[0] = 2
	f.lost(10 * time.Millisecond)
	if f.faults["lost"] == nil {
		t.Error(f.faults.list())
	}
}

func faultsOf(t *testing.T, answer string) faults {
	f := answering(t, answer)
	f.poll(time.Now().Add(10 * time.Millisecond))
	return f.faults
}

// answering returns a fleet of one stream that has got an answer in two parts.
func answering(t *testing.T, answer string) *fleet {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		t.Cleanup(func() { conn.Close() })
		if _, err := http.ReadRequest(bufio.NewReader(conn)); err != nil {
			return
		}
		fmt.Fprint(conn, answer[:len(answer)/2])
		fmt.Fprint(conn, answer[len(answer)/2:])
	}()
	f, err := newFleet(listener.Addr().String(), listener.Addr().(*net.TCPAddr).Port, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		f.close()
		listener.Close()
	})
	f.wantHello, f.ids = true, true
	f.streams = []*stream{newStream([]int{0}, 0)}
	if err := f.connect(f.streams, 0, 5*time.Second); err != nil {
		t.Fatal(err)
	}
	for range 500 {
		select {
		case <-sent:
			f.poll(time.Now().Add(5 * time.Millisecond))
			return f
		default:
			f.poll(time.Now().Add(5 * time.Millisecond))
		}
	}
	t.Fatal("the answer was not sent")
	return nil
}
