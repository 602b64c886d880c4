package alert

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

const day = 24 * time.Hour

// ParseSpan reads a time as people write it: 90s, 15m, 4h, 1h30m or 2d.
func ParseSpan(text string) (time.Duration, error) {
	if count, ok := strings.CutSuffix(text, "d"); ok {
		days, err := strconv.ParseUint(count, 10, 16)
		return time.Duration(days) * day, err
	}
	return time.ParseDuration(text)
}

// FormatSpan writes a time as ParseSpan reads it, "" for none.
func FormatSpan(d time.Duration) string {
	switch {
	case d == 0:
		return ""
	case d > day && d%day == 0:
		return fmt.Sprint(int64(d/day), "d")
	}
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
