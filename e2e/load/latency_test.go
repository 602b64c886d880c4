//go:build linux

package main

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestBucketsAreAtMostThreePercentWide(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		us := rapid.Uint64Range(0, 1<<40).Draw(t, "us")
		up := upper(bucket(us))
		if up < us || float64(up-us) > float64(us)/31 {
			t.Fatalf("%d is in the bucket up to %d", us, up)
		}
		if up > us && bucket(up) != bucket(us) || bucket(up+1) == bucket(us) {
			t.Fatalf("the bucket of %d does not end at %d", us, up)
		}
	})
}

func TestPercentilesOfAThousand(t *testing.T) {
	var l latencies
	for us := range 1000 {
		l.add(int64(us + 1))
	}
	for q, want := range map[float64]time.Duration{0.5: 500 * time.Microsecond, 0.99: 990 * time.Microsecond, 0.999: time.Millisecond} {
		if got := l.at(q); got < want || float64(got) > 1.04*float64(want) {
			t.Errorf("%g: %v, want %v", q, got, want)
		}
	}
	if l.worst != time.Millisecond {
		t.Errorf("worst %v", l.worst)
	}
	if empty := new(latencies); empty.at(0.5) != 0 {
		t.Error("a percentile of nothing")
	}
}
