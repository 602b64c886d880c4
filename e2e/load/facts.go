//go:build linux

package main

import (
	"fmt"
	"slices"
)

// course is a scenario of this project's server alone.
type course struct {
	about string
	once  bool // one run says it all
	run   func(l *lab, o options, c contender, say *findings) error
}

func courses() map[string]*course {
	return map[string]*course{
		"memory":  {about: "resident memory over the empty server", run: (*lab).memory},
		"latency": {about: "from the quote's time to the client, at half of what the core can do", run: (*lab).latencyAtHalf},
		"stalled": {about: "clients that never read, and what the others notice", run: (*lab).stalledClients},
		"burst":   {about: "every symbol changes 100 times within a second", run: (*lab).burst},
		"leaks":   {about: "streams that come and go, some of which never read", once: true, run: (*lab).leaks},
		"storm":   {about: "all clients gone at once, and back within 5 s", once: true, run: (*lab).storm},
		"soak":    {about: "many streams for long, with symbols moving", once: true, run: (*lab).soak},
	}
}

// fact is one figure, with a value of each run.
type fact struct {
	What   string    `json:"what"`
	Unit   string    `json:"unit,omitempty"`
	Goal   float64   `json:"at_most,omitempty"` // 0 for none
	Values []float64 `json:"values"`
}

// followed is what came of a course.
type followed struct {
	Name  string `json:"name"`
	About string `json:"about"`
	findings
}

// findings collect the facts of all runs.
type findings struct {
	Facts  []*fact  `json:"facts"`
	Notes  []string `json:"notes,omitempty"`
	Faults []string `json:"faults,omitempty"`
}

// fact adds a run's value.
func (f *findings) fact(what, unit string, value, goal float64) {
	i := slices.IndexFunc(f.Facts, func(x *fact) bool { return x.What == what })
	if i < 0 {
		i = len(f.Facts)
		f.Facts = append(f.Facts, &fact{What: what, Unit: unit, Goal: goal})
	}
	f.Facts[i].Values = append(f.Facts[i].Values, value)
}

// note adds a line, once.
func (f *findings) note(format string, args ...any) {
	if line := fmt.Sprintf(format, args...); !slices.Contains(f.Notes, line) {
		f.Notes = append(f.Notes, line)
	}
}

// end ends a trial and takes over what was wrong.
func (f *findings) end(t *trial) {
	var x sample
	t.end(&x)
	f.Faults = append(f.Faults, x.Faults...)
}

// follow runs a course.
func (l *lab) follow(name string, c *course, o options, all []contender) (*followed, error) {
	f := &followed{Name: name, About: c.about}
	runs := o.runs
	if c.once && runs > 1 {
		runs = 1
		f.About += " (one run)"
	}
	l.progress("%s: %s", name, c.about)
	server := all[slices.IndexFunc(all, func(x contender) bool { return x.name == ours })]
	for run := range runs {
		if err := c.run(l, o, server, &f.findings); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		for _, x := range f.Facts {
			if len(x.Values) > run {
				l.progress("  run %d, %s: %.4g %s", run+1, x.What, x.Values[run], x.Unit)
			}
		}
		for _, fault := range f.Faults {
			l.progress("    %s", fault)
		}
	}
	return f, nil
}

// start is begin for a course: with the flags that it adds, or a feed of its own.
func (l *lab) start(o options, c contender, w workload, feed string, more ...string) (*trial, error) {
	if err := checkDescriptors(w.Streams + w.Stalled); err != nil {
		return nil, err
	}
	if feed == "" {
		feed = simulated(w)
	}
	return l.begin(c, w, launcher(o.binary, w, feed, more...))
}
