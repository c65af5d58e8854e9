package results

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// The separators between the different values of merged runs.
const (
	pathSeparator  = "+"  // between names, and between kinds of path
	valueSeparator = "; " // between all other values
)

// mergeManifests returns the manifest of the merged run. Values on which the runs
// agree stay. Where they differ, the different texts (also of options and TCP
// settings) are joined, Cores is the largest, and Seed is 0. Planned is added.
// Started is the first; Finished is the last, or zero where a run did not finish.
// Interrupted and OutOfBudget are true if they are true in one of the runs. Sources holds every run, or the sources of a run that was merged before.
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
		all.OutOfBudget = all.OutOfBudget || m.OutOfBudget
		all.Strategies = joinTerms(all.Strategies, m.Strategies)
		all.Clients = joinTerms(all.Clients, m.Clients)
		all.Scenarios = joinScenarios(all.Scenarios, m.Scenarios)
		all.Sources = append(all.Sources, sourcesOf(m)...)
	}
	// The folders of the runs mean nothing after the merge, and may be on another machine.
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
			return Manifest{}, fmt.Errorf("the run %s, started %s, is given twice: its attempts would count twice",
				s.Name, s.Started.UTC().Format(time.RFC3339))
		}
	}
	return all, nil
}

// sourcesOf returns the measured runs that a run consists of.
func sourcesOf(m Manifest) []Source {
	if len(m.Sources) > 0 {
		return slices.Clone(m.Sources)
	}
	return []Source{{Name: m.Name, Kernel: m.Kernel, CPU: m.CPU, Cores: m.Cores, Started: m.Started, Options: m.Options, TCP: m.TCP}}
}

// joinDistinct joins the different texts, sorted, each once. A text that was joined
// before counts as its parts. An empty text is a value too: an option that one of
// the runs did not set.
func joinDistinct(separator string, texts ...string) string {
	var parts []string
	for _, t := range texts {
		parts = append(parts, strings.Split(t, separator)...)
	}
	slices.Sort(parts)
	return strings.Join(slices.Compact(parts), separator)
}

// joinValues joins the values of each name. A name that only one side has keeps its
// value: the version of the other side did not know it.
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

// joinTerms adds the terms that a vocabulary lacks.
func joinTerms(all, more []Term) []Term {
	for _, t := range more {
		if !slices.ContainsFunc(all, func(have Term) bool { return have.Name == t.Name }) {
			all = append(all, t)
		}
	}
	return all
}

// joinScenarios adds the scenarios that are missing, and the missing parts of others.
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
