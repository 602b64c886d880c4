package web

import (
	"strconv"
	"strings"
	"testing"
)

func TestStreamLimitFollowsTheFileDescriptors(t *testing.T) {
	for _, c := range []struct {
		given       int
		descriptors uint64
		want        int
		why         string
		warning     []string
	}{
		{0, 20_000, 19_000, "20000 file descriptors (ulimit -n), 1000 of them for other things", nil},
		{0, 4096, 3892, "4096 file descriptors (ulimit -n), 204", nil},
		{0, 1024, 924, "1024 file descriptors (ulimit -n), 100", nil},
		{0, 101, 1, "101 file descriptors", nil},
		{0, 50, 1, "50 file descriptors", nil},
		{0, 1_048_575, 100_000, "1048575 file descriptors", nil},
		{0, 1 << 63, 100_000, "9223372036854775808 file descriptors", nil},
		{0, 0, 10_000, "does not tell", nil},
		{19_000, 20_000, 19_000, "given", nil},
		{19_001, 20_000, 19_001, "given", []string{"--max-streams 19001", "20000 file descriptors", "ulimit -n 20002", "LimitNOFILE"}},
		{50_000, 1024, 50_000, "given", []string{"ulimit -n 52632"}},
		{10, 50, 10, "given", []string{"ulimit -n 110"}},
		{1_000_000, 0, 1_000_000, "does not tell", nil},
	} {
		got := limitStreams(c.given, c.descriptors)
		if got.Max != c.want || !strings.Contains(got.Why, c.why) || (got.Warning == "") != (c.warning == nil) {
			t.Errorf("%d of %d: %+v, want %d", c.given, c.descriptors, got, c.want)
		}
		for _, word := range c.warning {
			if !strings.Contains(got.Warning, word) {
				t.Errorf("%d of %d: %q is not in %q", c.given, c.descriptors, word, got.Warning)
			}
		}
	}
}

func TestWhatAWarningAsksForIsEnough(t *testing.T) {
	for given := 2; given < 3_000_000; given += given/7 + 1 {
		_, needed, _ := strings.Cut(limitStreams(given, 1).Warning, "ulimit -n ")
		needed, _, _ = strings.Cut(needed, ",")
		n, err := strconv.ParseUint(needed, 10, 64)
		if got := limitStreams(given, n); err != nil || got.Warning != "" || n > uint64(given)*11/10+minSpare {
			t.Errorf("%d: %s, %v", given, got.Warning, err)
		}
	}
}

func TestThisProcessHasALimit(t *testing.T) {
	if got := LimitStreams(0); got.Max < 1 || strings.Contains(got.Why, "does not tell") {
		t.Errorf("%+v", got)
	}
}
