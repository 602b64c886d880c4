package config

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// list is a flag that may be given several times.
type list struct {
	values []string
	given  bool
}

func (l *list) String() string { return strings.Join(l.values, " ") }

func (l *list) Set(value string) error {
	if !l.given {
		l.values, l.given = nil, true
	}
	l.values = append(l.values, strings.Fields(value)...)
	return nil
}

// days is a flag for a time that may be long: 90d, or as time.ParseDuration has it.
type days time.Duration

const day = days(24 * time.Hour)

func (d *days) String() string {
	if n := *d / day; n > 0 && n <= math.MaxUint16 && *d%day == 0 {
		return fmt.Sprint(int64(n), "d")
	}
	return time.Duration(*d).String()
}

func (d *days) Set(value string) error {
	if count, ok := strings.CutSuffix(value, "d"); ok {
		n, err := strconv.ParseUint(count, 10, 16)
		if err != nil {
			return errors.New("write whole days, as 90d")
		}
		*d = days(n) * day
		return nil
	}
	length, err := time.ParseDuration(value)
	if err != nil {
		return errors.New("write a time, as 90d or 36h")
	}
	*d = days(length)
	return nil
}

// split reads a comma list.
func split(s string) []string {
	var parts []string
	for part := range strings.SplitSeq(s, ",") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}
