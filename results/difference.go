package results

import (
	"maps"
	"slices"
	"strconv"
)

// Difference is a condition that differs between runs.
type Difference struct {
	What   string   // name of the condition, such as kernel, --rtt or tcp_rmem
	Values []string // value of each run, in the order of the runs; empty where it has none on record
}

// outOption is the option that names the folder of a run.
const outOption = "out"

// incidentalOptions are the options that do not decide what is measured: the folder
// and name of a run, how it is shown, its seed, and the plan behind --rounds.
var incidentalOptions = []string{outOption, "name", "format", "quiet", "seed", "gate"}

// olderOptions are the values that runs had before there was an option for them, by its
// name without dashes.
var olderOptions = map[string]string{"cpus": "free"}

// incidental reports whether an option, by its name without dashes, does not decide
// what is measured.
func incidental(option string) bool { return slices.Contains(incidentalOptions, option) }

// Differences returns the conditions that differ between runs: machine and system,
// kind of path, TCP settings, and the options that decide what is measured. A value
// that an older version did not record is no difference, unless it is known what it was.
func Differences(runs []*Run) []Difference {
	var all []Difference
	add := func(name string, of func(Manifest) (string, bool)) {
		d := Difference{What: name, Values: make([]string, len(runs))}
		var known []string
		for i, r := range runs {
			if v, ok := of(r.Manifest); ok {
				d.Values[i] = v
				known = append(known, v)
			}
		}
		slices.Sort(known)
		if len(slices.Compact(known)) > 1 {
			all = append(all, d)
		}
	}
	for _, f := range []struct {
		name string
		of   func(Manifest) string
	}{
		{"tool", func(m Manifest) string { return m.Tool }},
		{"go", func(m Manifest) string { return m.Go }},
		{"system", func(m Manifest) string { return m.System }},
		{"kernel", func(m Manifest) string { return m.Kernel }},
		{"cpu", func(m Manifest) string { return m.CPU }},
		{"cores", func(m Manifest) string { return strconv.Itoa(m.Cores) }},
		{"path", func(m Manifest) string { return m.PathKind }},
	} {
		add(f.name, func(m Manifest) (string, bool) { return f.of(m), true })
	}
	for _, name := range names(runs, func(m Manifest) map[string]string { return m.TCP }) {
		add(name, func(m Manifest) (string, bool) { v, ok := m.TCP[name]; return v, ok })
	}
	for _, name := range names(runs, func(m Manifest) map[string]string { return m.Options }) {
		if !incidental(name) {
			add("--"+name, func(m Manifest) (string, bool) { return option(m, name) })
		}
	}
	return all
}

// option returns the value of an option, and whether it is known.
func option(m Manifest, name string) (value string, known bool) {
	if value, known = m.Options[name]; !known && len(m.Options) > 0 {
		value, known = olderOptions[name]
	}
	return value, known
}

func names(runs []*Run, of func(Manifest) map[string]string) []string {
	all := map[string]bool{}
	for _, r := range runs {
		for name := range of(r.Manifest) {
			all[name] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}
