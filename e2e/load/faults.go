//go:build linux

package main

import (
	"fmt"
	"slices"
	"strings"
)

// faults counts what must not happen, by kind, with the first example of each.
type faults map[string]*fault

type fault struct {
	count   int
	example string
}

func (f faults) add(kind, example string) {
	if f[kind] == nil {
		f[kind] = &fault{example: example}
	}
	f[kind].count++
}

// list is one line for each kind.
func (f faults) list() []string {
	lines := make([]string, 0, len(f))
	for kind, x := range f {
		lines = append(lines, fmt.Sprintf("%s × %d, first: %s", kind, x.count, strings.TrimSpace(x.example)))
	}
	slices.Sort(lines)
	return lines
}
