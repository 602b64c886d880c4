package sse

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func readAll(r *Reader) (events []Event, err error) {
	for {
		ev, err := r.Next()
		if err != nil {
			return events, err
		}
		events = append(events, ev)
	}
}

func TestReader(t *testing.T) {
	for _, tc := range []struct {
		name, body string
		want       []Event
		err        error
	}{
		{"empty", "", nil, io.EOF},
		{"one", "id: 7\nevent: a\nretry: 20\ndata: x\n\n", []Event{{ID: "7", Name: "a", Retry: 20 * time.Millisecond, Data: []byte("x")}}, io.EOF},
		{"lines of data are joined", "data: a\ndata:b\ndata\n\n", []Event{{Data: []byte("a\nb\n")}}, io.EOF},
		{"CR and CRLF", "data: a\r\rdata: b\r\n\r\n", []Event{{Data: []byte("a")}, {Data: []byte("b")}}, io.EOF},
		{"byte order mark", "\ufeffdata: a\n\n", []Event{{Data: []byte("a")}}, io.EOF},
		{"comments and unknown fields", ": hi\nfoo: bar\ndata: a\n\n", []Event{{Data: []byte("a")}}, io.EOF},
		{"no data is no event", "event: a\n\ndata: b\n\n", []Event{{Data: []byte("b")}}, io.EOF},
		{"empty data is one", "data\n\n", []Event{{Data: nil}}, io.EOF},
		{"id with NUL", "id: 1\x00\ndata: a\n\n", []Event{{Data: []byte("a")}}, io.EOF},
		{"retry that is no number", "retry: +1\nretry: 1s\nretry:\ndata: a\n\n", []Event{{Data: []byte("a")}}, io.EOF},
		{"only one space goes", "data:  a\n\n", []Event{{Data: []byte(" a")}}, io.EOF},
		{"cut between lines", "data: a\n\ndata: b\n", []Event{{Data: []byte("a")}}, io.ErrUnexpectedEOF},
		{"cut within a line", "data: a\n\nda", []Event{{Data: []byte("a")}}, io.ErrUnexpectedEOF},
		{"long line", "data: " + strings.Repeat("x", maxEvent) + "\n\n", nil, ErrTooLong},
		{"many lines", strings.Repeat("data: "+strings.Repeat("x", 10000)+"\n", 110) + "\n", nil, ErrTooLong},
	} {
		for how, src := range map[string]io.Reader{
			"whole":       strings.NewReader(tc.body),
			"by the byte": iotest.OneByteReader(strings.NewReader(tc.body)),
		} {
			if how == "by the byte" && len(tc.body) > maxEvent {
				continue // only long
			}
			got, err := readAll(NewReader(src))
			if !errors.Is(err, tc.err) || !cmp.Equal(got, tc.want) {
				t.Errorf("%s, %s: %v, %s", tc.name, how, err, cmp.Diff(tc.want, got))
			}
		}
	}
}

func TestReaderKeepsWhatOutlastsAnEvent(t *testing.T) {
	r := NewReader(strings.NewReader("id: 1\nretry: 5\n\ndata: a\n\nid\ndata: b\n\n"))
	if _, err := r.Next(); err != nil || r.LastID() != "1" || r.Retry() != 5*time.Millisecond {
		t.Errorf("after a: %v, id %q, retry %v", err, r.LastID(), r.Retry())
	}
	if _, err := r.Next(); err != nil || r.LastID() != "" {
		t.Errorf("after b: %v, id %q", err, r.LastID())
	}
}

func TestReaderReturnsAnEventBeforeTheNextOneBegins(t *testing.T) {
	here, there := io.Pipe()
	go func() {
		_, _ = there.Write([]byte("data: a\r\n\r"))
	}()
	ev, err := NewReader(here).Next()
	if err != nil || string(ev.Data) != "a" {
		t.Errorf("%+v, %v", ev, err)
	}
	_ = there.Close()
}

func FuzzReader(f *testing.F) {
	f.Add([]byte("id: 7\nevent: a\nretry: 20\ndata: x\n\n"))
	f.Add([]byte("\ufeff\r\rdata\r\n\r\ndata: a\n\ndata: b\n"))
	f.Add([]byte("data: a\n\n\n\nid: \x00\n:\ndata"))
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := readAll(NewReader(bytes.NewReader(body)))
		if err != io.EOF && err != io.ErrUnexpectedEOF && err != ErrTooLong {
			t.Fatal(err)
		}
		slow, _ := readAll(NewReader(iotest.HalfReader(bytes.NewReader(body))))
		if !cmp.Equal(got, slow) {
			t.Fatalf("depends on how the bytes come: %s", cmp.Diff(got, slow))
		}
		if err == ErrTooLong {
			return
		}
		if want := parse(string(body)); len(want) != len(got) {
			t.Fatalf("%d events, want %d of %q", len(got), len(want), body)
		} else {
			for i := range want {
				if want[i].ID != got[i].ID || want[i].Name != got[i].Name || want[i].Retry != got[i].Retry || !bytes.Equal(want[i].Data, got[i].Data) {
					t.Fatalf("event %d is %+v, want %+v", i, got[i], want[i])
				}
			}
		}
	})
}
