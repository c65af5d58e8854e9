package results

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// What stands between the different values that merged runs had for one thing.
const (
	pathSeparator  = "+" // of names and of kinds of a path
	valueSeparator = "; "
)

// mergeManifests returns the manifest of the runs together. What they agree on
// stays. Where they differ, texts (and the values of options and TCP settings)
// stand beside each other, each different one once; Cores is the largest, and
// Seed is 0. Planned adds up. Started is the first, and Finished the last, or
// zero where one of the runs never was. Every run is among the Sources, or its
// own sources are if it was merged before.
func mergeManifests(runs []*Run) (Manifest, error) {
	manifests := make([]Manifest, len(runs))
	for i, r := range runs {
		manifests[i] = r.Manifest
	}
	slices.SortStableFunc(manifests, func(a, b Manifest) int {
		return cmp.Or(a.Started.Compare(b.Started), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Kernel, b.Kernel))
	})
	all := manifests[0]
	all.Schema = Schema
	all.Sources = sourcesOf(all)
	all.TCP, all.Options = maps.Clone(all.TCP), maps.Clone(all.Options)
	all.Strategies, all.Clients = slices.Clone(all.Strategies), slices.Clone(all.Clients)
	all.Servers = maps.Clone(all.Servers)
	all.ClientVersions = maps.Clone(all.ClientVersions)
	for _, m := range manifests[1:] {
		all.Servers = joinValues(all.Servers, m.Servers)
		all.ClientVersions = joinValues(all.ClientVersions, m.ClientVersions)
		all.Name = joinDistinct(pathSeparator, all.Name, m.Name)
		all.Tool = joinDistinct(valueSeparator, all.Tool, m.Tool)
		all.Go = joinDistinct(valueSeparator, all.Go, m.Go)
		all.System = joinDistinct(valueSeparator, all.System, m.System)
		all.Kernel = joinDistinct(valueSeparator, all.Kernel, m.Kernel)
		all.CPU = joinDistinct(valueSeparator, all.CPU, m.CPU)
		all.Cores = max(all.Cores, m.Cores)
		all.PathKind = joinDistinct(pathSeparator, all.PathKind, m.PathKind)
		if all.Seed != m.Seed {
			all.Seed = 0
		}
		if all.Finished.IsZero() || m.Finished.IsZero() {
			all.Finished = time.Time{}
		} else if m.Finished.After(all.Finished) {
			all.Finished = m.Finished
		}
		all.TCP = joinValues(all.TCP, m.TCP)
		all.Options = joinValues(all.Options, m.Options)
		all.Planned += m.Planned
		all.Interrupted = all.Interrupted || m.Interrupted
		all.Strategies = joinTerms(all.Strategies, m.Strategies)
		all.Clients = joinTerms(all.Clients, m.Clients)
		all.Scenarios = joinScenarios(all.Scenarios, m.Scenarios)
		all.Sources = append(all.Sources, sourcesOf(m)...)
	}
	// Where each run was kept is of no use where they are merged, and may name
	// folders of another machine's.
	delete(all.Options, outOption)
	for i := range all.Sources {
		all.Sources[i].Options = maps.Clone(all.Sources[i].Options)
		delete(all.Sources[i].Options, outOption)
	}
	slices.SortStableFunc(all.Sources, func(a, b Source) int {
		return cmp.Or(a.Started.Compare(b.Started), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Kernel, b.Kernel))
	})
	for i, s := range all.Sources[1:] {
		if before := all.Sources[i]; before.Name == s.Name && before.Started.Equal(s.Started) && before.Kernel == s.Kernel {
			return Manifest{}, fmt.Errorf("the run %s, started %s, is there twice: its attempts would count twice",
				s.Name, s.Started.UTC().Format(time.RFC3339))
		}
	}
	return all, nil
}

// sourcesOf returns the runs that a run consists of.
func sourcesOf(m Manifest) []Source {
	if len(m.Sources) > 0 {
		return slices.Clone(m.Sources)
	}
	return []Source{{Name: m.Name, Kernel: m.Kernel, CPU: m.CPU, Cores: m.Cores, Started: m.Started, Options: m.Options, TCP: m.TCP}}
}

// joinDistinct puts the different texts beside each other in order, each once;
// a text that was joined before counts as its parts. An empty text is a value
// like others: an option that was not set in one of the runs.
func joinDistinct(separator string, texts ...string) string {
	var parts []string
	for _, t := range texts {
		parts = append(parts, strings.Split(t, separator)...)
	}
	slices.Sort(parts)
	return strings.Join(slices.Compact(parts), separator)
}

// joinValues joins the values of each name. A name that only one side has keeps
// its value: the other is of a version that did not know it.
func joinValues(a, b map[string]string) map[string]string {
	if a == nil {
		return maps.Clone(b)
	}
	for name, v := range b {
		if have, ok := a[name]; ok {
			v = joinDistinct(valueSeparator, have, v)
		}
		a[name] = v
	}
	return a
}

// joinTerms adds the words that a vocabulary does not have.
func joinTerms(all, more []Term) []Term {
	for _, t := range more {
		if !slices.ContainsFunc(all, func(have Term) bool { return have.Name == t.Name }) {
			all = append(all, t)
		}
	}
	return all
}

// joinScenarios adds the scenarios, and the parts of them, that are not there.
func joinScenarios(all, more []Scenario) []Scenario {
	all = slices.Clone(all)
	for _, s := range more {
		i := slices.IndexFunc(all, func(have Scenario) bool { return have.Name == s.Name })
		if i < 0 {
			all = append(all, s)
			continue
		}
		parts := slices.Clip(all[i].Parts)
		for _, p := range s.Parts {
			if !slices.ContainsFunc(parts, func(have ScenarioPart) bool { return have.Name == p.Name }) {
				parts = append(parts, p)
			}
		}
		all[i].Parts = parts
	}
	return all
}

// Difference is a condition that was not the same in all runs.
type Difference struct {
	What   string   // such as kernel, --rtt or tcp_rmem
	Values []string // of each run, in their order; empty where it has none on record
}

// outOption is the option that says where a run is kept.
const outOption = "out"

// ofTheRun are the options that differ between runs of one experiment: where a
// run is kept and how it is told of.
var ofTheRun = []string{outOption, "name", "format", "quiet", "seed"}

// Differences lists what was not the same in the runs: machine and system, the
// kind of path, the TCP settings, and the options that decide what is measured.
// What a run of an older version does not have on record is no difference.
func Differences(runs []*Run) []Difference {
	var all []Difference
	add := func(what string, of func(Manifest) (string, bool)) {
		d := Difference{What: what, Values: make([]string, len(runs))}
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
		what string
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
		add(f.what, func(m Manifest) (string, bool) { return f.of(m), true })
	}
	for _, name := range names(runs, func(m Manifest) map[string]string { return m.TCP }) {
		add(name, func(m Manifest) (string, bool) { v, ok := m.TCP[name]; return v, ok })
	}
	for _, name := range names(runs, func(m Manifest) map[string]string { return m.Options }) {
		if !slices.Contains(ofTheRun, name) {
			add("--"+name, func(m Manifest) (string, bool) { v, ok := m.Options[name]; return v, ok })
		}
	}
	return all
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
