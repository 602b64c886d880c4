package market

import (
	"slices"
	"testing"
	"time"
)

func TestEverySymbolChangesAtTheRate(t *testing.T) {
	const symbols, rate = 7, 20
	m := New(symbols, rate)
	start := m.next
	counts := make([]int, symbols)
	versions := make([]int64, symbols)
	for ms := range 1000 {
		now := start.Add(time.Duration(ms) * time.Millisecond)
		m.Due(now, func(symbol int, due time.Time) {
			if due.After(now) || now.Sub(due) > 2*time.Millisecond {
				t.Errorf("due at %v, told at %v", due, now)
			}
			counts[symbol]++
			version := m.Version(symbol, now)
			if version <= versions[symbol] {
				t.Errorf("version %d after %d", version, versions[symbol])
			}
			versions[symbol] = version
		})
	}
	if least, most := slices.Min(counts), slices.Max(counts); least < rate-1 || most > rate+1 {
		t.Errorf("changes in a second: %v, want %d each", counts, rate)
	}
}

func TestWhatIsTooLateIsLeftOut(t *testing.T) {
	m := New(1, 10)
	changes := 0
	m.Due(m.next.Add(time.Hour), func(int, time.Time) { changes++ })
	if changes != 1 {
		t.Errorf("%d changes after an hour's sleep", changes)
	}
}

func TestRequestsNameTheirSymbols(t *testing.T) {
	m := New(10, 1)
	for target, want := range map[string][]int{
		"/stream/SIM0003?max_rate=50":         {3},
		"/stream?symbols=SIM0001,SIM0009":     {1, 9},
		"/stream?symbols=SIM0010":             nil,
		"/stream?symbols=AAPL":                nil,
		"/stream":                             nil,
		"/stream?max_rate=4&symbols=SIM0000":  {0},
		"/stream?symbols=SIM0001,,&max_rate=": nil,
	} {
		got, single, err := m.Parse(target)
		if !slices.Equal(got, want) && err == nil || (err != nil) != (want == nil) {
			t.Errorf("%s: %v, %v, want %v", target, got, err, want)
		}
		if err == nil && single != (target[:8] == "/stream/") {
			t.Errorf("%s: single is %v", target, single)
		}
	}
}
