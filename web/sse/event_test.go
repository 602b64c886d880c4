package sse

import (
	"bytes"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestAppendEvent(t *testing.T) {
	for _, tc := range []struct {
		name string
		ev   Event
		want string
	}{
		{"all fields", Event{ID: "7", Name: "hello", Retry: 2500 * time.Millisecond, Data: []byte(`{"a":1}`)}, "retry: 2500\nid: 7\nevent: hello\ndata: {\"a\":1}\n\n"},
		{"data only", Event{Data: []byte("x")}, "data: x\n\n"},
		{"no data is still an event", Event{Name: "n"}, "event: n\ndata: \n\n"},
		{"number 0", Event{ID: "0", Data: []byte("x")}, "id: 0\ndata: x\n\n"},
		{"line ends in data", Event{Data: []byte("{\n\r\n\"a\":1}")}, "data: {   \"a\":1}\n\n"},
		{"line ends in a name", Event{Name: "a\nid: 9", Data: []byte("x")}, "event: a id: 9\ndata: x\n\n"},
		{"LF in an id", Event{ID: "1\n2", Data: []byte("x")}, "data: x\n\n"},
		{"CR in an id", Event{ID: "1\r", Data: []byte("x")}, "data: x\n\n"},
		{"NUL in an id", Event{ID: "\x00", Data: []byte("x")}, "data: x\n\n"},
		{"less than a millisecond", Event{Retry: time.Microsecond, Data: []byte("x")}, "data: x\n\n"},
		{"negative retry", Event{Retry: -time.Second, Data: []byte("x")}, "data: x\n\n"},
	} {
		if got := string(AppendEvent([]byte("<"), tc.ev)); got != "<"+tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, "<"+tc.want)
		}
	}
}

func TestAppendEventLeavesItsDataAlone(t *testing.T) {
	data := []byte("a\nb")
	AppendEvent(nil, Event{Data: data})
	if string(data) != "a\nb" {
		t.Errorf("data is %q now", data)
	}
}

func TestRandomRetryStaysWithinItsBounds(t *testing.T) {
	seen := make(map[time.Duration]bool)
	for range 1000 {
		d := RandomRetry(2*time.Second, 5*time.Second)
		if d < 2*time.Second || d > 5*time.Second || d%time.Millisecond != 0 {
			t.Fatalf("drew %v", d)
		}
		seen[d] = true
	}
	if len(seen) < 500 {
		t.Errorf("1000 draws gave %d values", len(seen))
	}
	for range 100 {
		if d := RandomRetry(time.Millisecond, 2*time.Millisecond); d != time.Millisecond && d != 2*time.Millisecond {
			t.Fatalf("drew %v", d)
		}
	}
	if d := RandomRetry(time.Second, 0); d != time.Second {
		t.Errorf("without a range: %v", d)
	}
}

// parse is the standard's algorithm once more, for whole bodies, as simple as
// can be.
func parse(body string) (events []Event) {
	body = strings.TrimPrefix(body, "\ufeff")
	body = strings.ReplaceAll(strings.ReplaceAll(body, "\r\n", "\n"), "\r", "\n")
	blocks := strings.Split(body, "\n\n")
	for _, block := range blocks[:len(blocks)-1] {
		var ev Event
		var data []string
		for line := range strings.SplitSeq(block, "\n") {
			name, value, _ := strings.Cut(line, ":")
			value = strings.TrimPrefix(value, " ")
			switch name {
			case "data":
				data = append(data, value)
			case "event":
				ev.Name = value
			case "id":
				if !strings.Contains(value, "\x00") {
					ev.ID = value
				}
			case "retry":
				if ms, err := strconv.Atoi(value); err == nil && strings.Trim(value, "0123456789") == "" && ms < 1<<31 {
					ev.Retry = time.Duration(ms) * time.Millisecond
				}
			}
		}
		if data != nil {
			ev.Data = []byte(strings.Join(data, "\n"))
			events = append(events, ev)
		}
	}
	return events
}

func FuzzAppendEvent(f *testing.F) {
	f.Add("7", "hello", int64(2000), []byte(`{"a":1}`))
	f.Add("1\r2", "x\ndata: y", int64(-1), []byte("a\r\nb"))
	f.Add("\x00", "", int64(1)<<40, []byte("\ufeff: \n\n"))
	f.Fuzz(func(t *testing.T, id, name string, ms int64, data []byte) {
		ms %= 1 << 31
		ev := Event{ID: id, Name: name, Retry: time.Duration(ms) * time.Millisecond, Data: data}
		first := AppendEvent(nil, ev)
		got := parse(string(AppendEvent(first, Event{Name: "after", Data: []byte("1")})))
		if len(got) != 2 || got[1].Name != "after" || got[1].ID != "" {
			t.Fatalf("%+v breaks out of its event: %+v", ev, got)
		}
		spaced := strings.NewReplacer("\n", " ", "\r", " ")
		if strings.ContainsAny(id, "\x00\r\n") {
			id = ""
		}
		want := Event{ID: id, Name: spaced.Replace(name), Retry: max(0, ev.Retry), Data: []byte(spaced.Replace(string(data)))}
		if got := got[0]; got.ID != want.ID || got.Name != want.Name || got.Retry != want.Retry || !bytes.Equal(got.Data, want.Data) {
			t.Errorf("%+v came back as %+v", want, got)
		}
	})
}
