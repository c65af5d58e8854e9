package league

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/words"
	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/results/units"
)

// compiling maps servers whose code is compiled while it runs to what compiles
// it: the first rejections of such a process cost more than later ones.
var compiling = map[string]string{
	"jetty":  "HotSpot",
	"node":   "V8",
	"tomcat": "HotSpot",
}

// caveats says what would be unfair to conclude from this run, each only where
// it is so.
func (l *League) caveats() []string {
	var all []string
	for _, caveat := range []func() string{
		l.ofVersions, l.ofMeans, l.ofLedgers, l.ofPath, l.ofCounts, l.ofRounds, l.ofConcurrency, l.ofColdStarts, l.ofClocks, l.ofInvalid, l.ofMachine,
	} {
		if text := caveat(); text != "" {
			all = append(all, "It would be unfair to conclude "+text+".")
		}
	}
	return all
}

// versions are the servers' programs with their versions, by alphabet.
func (l *League) versions() []string {
	measured := map[string]bool{}
	for _, s := range l.servers {
		name, _, _ := strings.Cut(s, ":")
		measured[name] = true
	}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(measured)) {
		names = append(names, strings.TrimSpace(name+" "+l.manifest.Servers[name]))
	}
	return names
}

func (l *League) ofVersions() string {
	text := fmt.Sprintf("from these versions to others: measured were %s", words.List(l.versions()))
	var libraries []string
	for _, c := range l.clients {
		if v := l.manifest.ClientVersions[c]; v != "" {
			libraries = append(libraries, c+" "+v)
		}
	}
	if len(libraries) > 0 {
		text += ", and as clients " + words.List(libraries)
	}
	return text + "; what a distribution packages may be years behind what its authors publish"
}

// ofMeans speaks of what made the servers reject.
func (l *League) ofMeans() string {
	means := map[string]bool{}
	for _, s := range l.servers {
		if m := l.setting(s); m != "" {
			means[m] = true
		}
	}
	if len(means) == 0 {
		return ""
	}
	return fmt.Sprintf("from these settings to a server under load, or to its other means of rejecting: each answers by the setting that the league's table names (%d different ones), with nothing else to do at the time", len(means))
}

func (l *League) ofLedgers() string {
	if analysis.Any(l.points, func(s *analysis.Summary) bool { return s.Valid() && s.Ledger.Matched > 0 }) {
		return ""
	}
	return "that a server answered every attempt it is charged with: these servers keep no ledger, so a share is of the attempts that were neither admitted nor refused"
}

// ofPath speaks of what the path left out.
func (l *League) ofPath() string {
	if analysis.Any(l.points, func(s *analysis.Summary) bool { return s.Loss > 0 || s.Impairments != "" }) {
		return ""
	}
	var rtts []string
	for _, p := range l.conditions {
		if text := units.Number(p.RTTMs); !slices.Contains(rtts, text) {
			rtts = append(rtts, text)
		}
	}
	return fmt.Sprintf("from a path that lost no packet and had neither jitter nor a bandwidth limit, at round trips of %s ms, to one that has them: what is lost on the way a server can send again only as long as it has not reset the connection", words.List(rtts))
}

// ofCounts says what one field can tell.
func (l *League) ofCounts() string {
	var fewest, most int64
	for _, s := range l.fields {
		if !shared(s) {
			continue
		}
		if most = max(most, s.Delivered.N); fewest == 0 || s.Delivered.N < fewest {
			fewest = s.Delivered.N
		}
	}
	if fewest == 0 {
		return ""
	}
	n := fmt.Sprintf("n=%d", fewest)
	if most > fewest {
		n = fmt.Sprintf("n=%d to %d", fewest, most)
	}
	all, half := stats.NewShare(fewest, fewest), stats.NewShare(fewest/2, fewest)
	return fmt.Sprintf("much from a single field (%s): where all of %d arrived the share may be as low as %s%%, and near one half its interval is %s points wide", n, fewest, words.Percent(all.Low), units.Number((half.High-half.Low)*100))
}

func (l *League) ofRounds() string {
	if analysis.Any(l.points, func(s *analysis.Summary) bool { return s.Rounds > 1 }) {
		return ""
	}
	return "that another round would give the same: each point was measured in one, and the intervals hold attempts of one cell for independent"
}

// ofConcurrency says how many connections there were at once.
func (l *League) ofConcurrency() string {
	by := map[int][]string{}
	for _, s := range l.points {
		if !slices.Contains(by[s.Concurrency], s.Client) {
			by[s.Concurrency] = append(by[s.Concurrency], s.Client)
		}
	}
	var parts []string
	for _, n := range slices.Sorted(maps.Keys(by)) {
		parts = append(parts, fmt.Sprintf("%d (%s)", n, words.List(results.NewTermOrder(l.manifest.Clients).Sort(by[n]))))
	}
	if len(by) == 1 {
		for n := range by {
			return fmt.Sprintf("anything on servers with many connections: every client had %d open at once", n)
		}
	}
	return fmt.Sprintf("that clients differ by their code alone: they had different numbers of connections open at once, %s", words.List(parts))
}

// ofColdStarts speaks of the servers' CPU time.
func (l *League) ofColdStarts() string {
	if !analysis.Any(l.points, func(s *analysis.Summary) bool { return s.CPUUs > 0 }) {
		return ""
	}
	text := "what a rejection costs a server that has run for long: each cell starts its server anew, and what its first rejections cost beyond later ones is in the CPU time of a rejection"
	var names []string
	for _, s := range l.servers {
		name, _, _ := strings.Cut(s, ":")
		if by := compiling[name]; by != "" && !slices.Contains(names, name+" ("+by+")") {
			names = append(names, name+" ("+by+")")
		}
	}
	if len(names) > 0 {
		slices.Sort(names)
		text += ", most of all where code is compiled while it runs: " + words.List(names)
	}
	return text
}

func (l *League) ofClocks() string {
	if !slices.ContainsFunc(l.clients, func(c string) bool { return !l.fleet(c) }) {
		return ""
	}
	return fmt.Sprintf("from one client's times to another's: a library's clock starts when the library says so, which is why servers are compared by the times of %s alone", l.referenceClient())
}

// ofInvalid says what is missing.
func (l *League) ofInvalid() string {
	var without, all int
	for _, s := range l.fields {
		if all++; !shared(s) {
			without++
		}
	}
	ranked := len(analysis.NamesOf(l.common, analysis.StrategyOf))
	kept, conditions := len(l.common), len(analysis.Where(l.points, shared))
	if without == 0 && ranked == len(l.servers) && kept == conditions {
		return ""
	}
	text := fmt.Sprintf("anything from fields without a valid cell, which are left out: %d of %d", without, all)
	if kept < conditions {
		text += fmt.Sprintf("; servers are ranked over the clients and conditions measured for every one of them, %d of %s", kept, words.Plural(conditions, "valid point"))
	}
	if more := len(l.servers) - ranked; more > 0 {
		text += fmt.Sprintf(", without %s that shares none of these", words.Plural(more, "server"))
	}
	return text
}

// ofMachine says where all of it ran.
func (l *League) ofMachine() string {
	m := l.manifest
	if len(m.Sources) > 1 {
		kernels := map[string]bool{}
		for _, s := range m.Sources {
			kernels[s.Kernel+s.CPU] = true
		}
		if len(kernels) > 1 {
			return fmt.Sprintf("that servers differ where runs of %d machines were merged, unless each machine ran all of them", len(kernels))
		}
	}
	where := strings.Trim(fmt.Sprintf("%s, %s", m.CPU, words.Plural(m.Cores, "core")), ", ")
	text := fmt.Sprintf("from one machine (%s) to others", where)
	if m.Kernel != "" {
		text = fmt.Sprintf("from one machine (%s) with one kernel (Linux %s) at both ends to others", where, m.Kernel)
	}
	if cc := m.TCP["tcp_congestion_control"]; cc != "" {
		text += ", or from congestion control " + cc
	}
	return text + "; server, path and clients shared its processors"
}

// conditionsText is what all fields of the league share, for a subtitle.
func (l *League) conditionsText() string {
	var parts []string
	var concurrencies []int
	var fewest, most int64
	for _, s := range l.points {
		if !slices.Contains(concurrencies, s.Concurrency) {
			concurrencies = append(concurrencies, s.Concurrency)
		}
	}
	for _, s := range l.fields {
		if !shared(s) {
			continue
		}
		if most = max(most, s.Delivered.N); fewest == 0 || s.Delivered.N < fewest {
			fewest = s.Delivered.N
		}
	}
	switch {
	case fewest == most:
		parts = append(parts, fmt.Sprintf("n=%d a field", most))
	default:
		parts = append(parts, fmt.Sprintf("n=%d to %d a field", fewest, most))
	}
	slices.Sort(concurrencies)
	if n := len(concurrencies); n == 1 {
		parts = append(parts, fmt.Sprintf("concurrency %d", concurrencies[0]))
	} else {
		parts = append(parts, fmt.Sprintf("concurrency %d to %d, the client's own", concurrencies[0], concurrencies[n-1]))
	}
	if m := l.manifest; m.PathKind != "" {
		parts = append(parts, "path "+m.PathKind)
	}
	if cc := l.manifest.TCP["tcp_congestion_control"]; cc != "" {
		parts = append(parts, "congestion control "+cc)
	}
	if l.manifest.Kernel != "" {
		parts = append(parts, "Linux "+l.manifest.Kernel)
	}
	return strings.Join(parts, ", ")
}
