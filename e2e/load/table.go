//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// spanned is a median with the least and the greatest.
type spanned struct{ median, low, high float64 }

func span(samples []sample, of func(sample) float64) spanned {
	values := make([]float64, len(samples))
	for i, x := range samples {
		values[i] = of(x)
	}
	return spanOf(values)
}

func spanOf(values []float64) spanned {
	values = slices.Sorted(slices.Values(values))
	n := len(values)
	if n == 0 {
		return spanned{}
	}
	return spanned{(values[(n-1)/2] + values[n/2]) / 2, values[0], values[n-1]}
}

// against says whether a goal is reached; 0 is none.
func against(value, goal float64) string {
	switch {
	case goal == 0:
		return ""
	case value > goal:
		return fmt.Sprintf("goal: at most %.4g, missed", goal)
	}
	return fmt.Sprintf("goal: at most %.4g", goal)
}

// ratios are those of a server's processor time to the base's of the same run.
func (m *measured) ratios(server string) spanned {
	base := m.Samples[m.Base]
	var list []sample
	for i, x := range m.Samples[server] {
		if i < len(base) {
			list = append(list, sample{CPU: ratio(x.CPU, base[i].CPU)})
		}
	}
	return span(list, func(x sample) float64 { return x.CPU })
}

// print writes the report, and returns errFaults when something was wrong.
func (r *report) print(w io.Writer, asJSON bool) error {
	if asJSON {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		if err := enc.Encode(r); err != nil {
			return err
		}
		return r.verdict()
	}
	fmt.Fprintf(w, "%s\n%d cores, Linux %s, %s; medians of %d run(s) (least to greatest)\n", r.Command, r.Cores, r.Kernel, r.Go, r.Runs)
	for _, m := range r.Scenarios {
		if err := m.print(w); err != nil {
			return err
		}
	}
	for _, f := range r.Courses {
		if err := f.print(w); err != nil {
			return err
		}
	}
	return r.verdict()
}

func (m *measured) print(w io.Writer) error {
	fmt.Fprintf(w, "\n%v\n", m.Workload)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "\tCPU µs/event\t× %s\tevents/s\tof offered\tKB/stream\tkernel KB\tp50 ms\tp99 ms\tp99.9 ms\tothers\n", m.Base)
	for _, name := range m.Order {
		s := m.Samples[name]
		at := func(of func(sample) float64) float64 { return span(s, of).median }
		cpu, times := span(s, func(x sample) float64 { return x.CPU }), m.ratios(name)
		fmt.Fprintf(t, "%s\t%.2f (%.2f–%.2f)\t%.2f (%.2f–%.2f)\t%.0f\t%.0f %%\t%.1f\t%.1f\t%.1f\t%.1f\t%.1f\t%.0f %%\n",
			name, cpu.median, cpu.low, cpu.high, times.median, times.low, times.high,
			at(func(x sample) float64 { return x.Events }), 100*at(func(x sample) float64 { return ratio(x.Events, x.Offered) }),
			at(func(x sample) float64 { return x.Resident }), at(func(x sample) float64 { return x.Kernel }),
			at(func(x sample) float64 { return x.P50 }), at(func(x sample) float64 { return x.P99 }),
			at(func(x sample) float64 { return x.P999 }), 100*at(func(x sample) float64 { return x.Others }))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if n, all := m.noisy(); n > 0 {
		fmt.Fprintf(w, "NOISY: in %d of %d measurements others had more than %.0f %% of the core, or less than %.0f %% of the events came; take their figures for a hint\n", n, all, 100*noisyShare, 100*fullShare)
	}
	if times := m.ratios(ours); times.median > 0 && m.Goal > 0 {
		fmt.Fprintf(w, "%s, × %s: %.2f; %s\n", ours, m.Base, times.median, against(times.median, m.Goal))
	}
	for _, name := range m.Order {
		for i, x := range m.Samples[name] {
			for _, fault := range x.Faults {
				fmt.Fprintf(w, "FAULT %s, run %d: %s\n", name, i+1, fault)
			}
		}
	}
	return nil
}

const (
	noisyShare = 0.1  // of the core that others have, from which on figures suffer
	fullShare  = 0.95 // of the events offered, below which a server was overrun and gathered
)

// noisy counts the measurements that are worth little.
func (m *measured) noisy() (n, all int) {
	for _, samples := range m.Samples {
		for _, x := range samples {
			if all++; x.Others > noisyShare || x.Events < fullShare*x.Offered {
				n++
			}
		}
	}
	return n, all
}

// print writes the facts of a course.
func (f *followed) print(w io.Writer) error {
	fmt.Fprintf(w, "\n%s: %s\n", f.Name, f.About)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, x := range f.Facts {
		v := spanOf(x.Values)
		fmt.Fprintf(t, "%s\t%.4g %s", x.What, v.median, x.Unit)
		if len(x.Values) > 1 {
			fmt.Fprintf(t, " (%.4g–%.4g)", v.low, v.high)
		}
		fmt.Fprintf(t, "\t%s\n", against(v.median, x.Goal))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, note := range f.Notes {
		fmt.Fprintln(w, note)
	}
	for _, fault := range f.Faults {
		fmt.Fprintln(w, "FAULT", fault)
	}
	return nil
}

// verdict is about this project's server alone: what others lose is their own.
func (r *report) verdict() error {
	for _, m := range r.Scenarios {
		for _, x := range m.Samples[ours] {
			if len(x.Faults) > 0 {
				return errFaults
			}
		}
	}
	for _, f := range r.Courses {
		if len(f.Faults) > 0 {
			return errFaults
		}
	}
	return nil
}
