//go:build linux

package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
)

// scenario is one part of the benchmark: a workload, the servers that take part
// and the one that the others are measured by.
type scenario struct {
	workload workload
	base     string  // a contender's name
	goal     float64 // times the base's processor time, at most; 0 for none
	servers  []string
}

func scenarios() []scenario {
	all := []string{"bare", ours, "hub", "go-sse", "r3labs", "mercure", "centrifuge"}
	return []scenario{
		{hot(), "bare", 1.15, all},
		{board(), "bare", 0, all},
		{paced(board()), "bare50", 1.05, []string{"bare50", ours}},
		{idle(), "bare", 1.15, all},
		{spread(), "bare", 1.15, all},
	}
}

func scenarioNames() (names []string) {
	for _, s := range scenarios() {
		names = append(names, s.workload.Name)
	}
	return append(names, slices.Sorted(maps.Keys(courses()))...)
}

// report is everything that was measured, and where.
type report struct {
	Command   string      `json:"command"`
	Cores     int         `json:"cores"`
	Kernel    string      `json:"kernel"`
	Go        string      `json:"go"`
	Runs      int         `json:"runs"`
	Scenarios []*measured `json:"scenarios,omitempty"`
	Courses   []*followed `json:"courses,omitempty"`
}

// measured is a scenario with its samples.
type measured struct {
	Workload workload            `json:"workload"`
	Base     string              `json:"base"`
	Goal     float64             `json:"ratio_at_most,omitempty"`
	Order    []string            `json:"servers"`
	Samples  map[string][]sample `json:"samples"` // by server, one a run
}

var errFaults = errors.New("something happened that must not: see the faults")

// run measures every scenario of the options, and prints.
func (l *lab) run(o options, all []contender) error {
	r := report{Command: strings.Join(append([]string{"load"}, os.Args[1:]...), " "), Cores: runtime.NumCPU(), Kernel: kernel(), Go: runtime.Version(), Runs: o.runs}
	for name := range strings.SplitSeq(o.scenarios, ",") {
		if c := courses()[name]; c != nil {
			f, err := l.follow(name, c, o, all)
			if err != nil {
				return err
			}
			r.Courses = append(r.Courses, f)
			continue
		}
		i := slices.IndexFunc(scenarios(), func(s scenario) bool { return s.workload.Name == name })
		if i < 0 {
			return fmt.Errorf("no scenario %q", name)
		}
		m, err := l.compare(scenarios()[i], o, all)
		if err != nil {
			return err
		}
		r.Scenarios = append(r.Scenarios, m)
	}
	return r.print(os.Stdout, o.json)
}

// compare measures the servers of a scenario by turns, so that what disturbs the
// machine disturbs all of them.
func (l *lab) compare(s scenario, o options, all []contender) (*measured, error) {
	w := s.workload.scaled(o.scale)
	if err := checkDescriptors(w.Streams + w.Stalled); err != nil {
		return nil, err
	}
	m := &measured{Workload: w, Base: s.base, Goal: s.goal, Samples: make(map[string][]sample)}
	l.progress("%v", w)
	for run := range o.runs {
		for _, c := range all {
			if !slices.Contains(s.servers, c.name) || c.single && w.Each > 1 || !o.wants(c.name) {
				continue
			}
			if run == 0 {
				m.Order = append(m.Order, c.name)
			}
			x, err := l.quietest(o, c, w)
			if err != nil {
				return nil, err
			}
			l.progress("  run %d, %-10s %6.2f µs an event, %7.0f events/s, p99 %.1f ms, others had %.0f %% of the core", run+1, c.name, x.CPU, x.Events, x.P99, 100*x.Others)
			for _, fault := range x.Faults {
				l.progress("    %s", fault)
			}
			m.Samples[c.name] = append(m.Samples[c.name], x)
		}
	}
	return m, nil
}

// quietest repeats a measurement while others take too much of the core.
func (l *lab) quietest(o options, c contender, w workload) (best sample, err error) {
	for attempt := range o.retries + 1 {
		x, err := l.steady(c, w)
		if err != nil {
			return x, err
		}
		if attempt == 0 || x.Others < best.Others {
			best = x
		}
		if best.Others <= o.noise {
			break
		}
	}
	return best, nil
}

// wants says whether a server was asked for; none asked for is all.
func (o options) wants(name string) bool {
	return o.servers == "" || slices.Contains(strings.Split(o.servers, ","), name)
}
