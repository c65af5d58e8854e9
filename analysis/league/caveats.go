package league

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/words"
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

// caveats returns the limits of the comparison that apply to this run.
func (l *League) caveats() []string {
	var all []string
	for _, caveat := range []func() string{
		l.ofVersions, l.ofMeans, l.ofLedgers, l.ofPath, l.ofCounts, l.ofRounds, l.ofConcurrency, l.ofColdStarts, l.ofClocks, l.ofInvalid, l.ofMachine,
	} {
		if text := caveat(); text != "" {
			all = append(all, text+".")
		}
	}
	return all
}

// versions returns the servers' programs with their versions, in alphabetical order.
func (l *League) versions() []string {
	measured := map[string]bool{}
	for _, s := range l.servers {
		measured[results.Program(s)] = true
	}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(measured)) {
		names = append(names, strings.TrimSpace(name+" "+l.manifest.Servers[name]))
	}
	return names
}

func (l *League) ofVersions() string {
	text := fmt.Sprintf("Only these versions were measured: %s", words.List(l.versions()))
	var libraries []string
	for _, c := range l.clients {
		if v := l.manifest.ClientVersions[c]; v != "" {
			libraries = append(libraries, c+" "+v)
		}
	}
	if len(libraries) > 0 {
		text += ". Library clients were " + words.List(libraries)
	}
	return text + ". A distribution's package may be years older than the current release"
}

// ofMeans says that the servers rejected by their settings, not under load.
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
	return fmt.Sprintf("Servers under load, or with other means of rejecting, may differ. Each server rejected by the setting in the league's table (%d different ones) and had no other work", len(means))
}

func (l *League) ofLedgers() string {
	if analysis.Any(l.points, func(s *analysis.Summary) bool { return s.Valid() && s.Ledger.Matched > 0 }) {
		return ""
	}
	return "A share may count attempts that the server did not answer. These servers keep no ledger, so a share counts the attempts that were neither admitted nor refused"
}

// ofPath names the impairments that the path did not have.
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
	return fmt.Sprintf("Paths with loss, jitter or a bandwidth limit may differ. This path had round trips of %s ms and none of these impairments. A server can retransmit lost packets only until it resets the connection", words.List(rtts))
}

// ofCounts gives the uncertainty of a single field.
func (l *League) ofCounts() string {
	fewest, most := l.fieldSizes()
	if fewest == 0 {
		return ""
	}
	n := fmt.Sprintf("n=%d", fewest)
	if most > fewest {
		n = fmt.Sprintf("n=%d to %d", fewest, most)
	}
	var lowest, widest float64 = 1, 0
	for _, s := range l.fields {
		switch d := s.Delivered; {
		case !s.HasShare():
		case !d.HasInterval():
			return fmt.Sprintf("A single field shows little (%s). Fields with fewer than three valid rounds have no interval, because they cannot tell what another run would measure", n)
		default:
			widest = max(widest, d.High-d.Low)
			if d.K == d.N {
				lowest = min(lowest, d.Low)
			}
		}
	}
	return fmt.Sprintf("A single field shows little (%s). Where all arrived, the share may be as low as %s%%. The widest interval has %s points", n, words.Percent(lowest), units.Number(widest*100))
}

// fieldSizes returns the smallest and the largest n of a field; 0 if no field has a
// share.
func (l *League) fieldSizes() (fewest, most int64) {
	for _, s := range l.fields {
		if !s.HasShare() {
			continue
		}
		if most = max(most, s.Delivered.N); fewest == 0 || s.Delivered.N < fewest {
			fewest = s.Delivered.N
		}
	}
	return fewest, most
}

func (l *League) ofRounds() string {
	if analysis.Any(l.points, func(s *analysis.Summary) bool { return s.Rounds > 1 }) {
		return ""
	}
	return "Another round may give other shares. Each point was measured in one round"
}

// ofConcurrency gives the number of connections that were open at once.
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
			return fmt.Sprintf("Servers with many connections may differ: every client had %d open at once", n)
		}
	}
	return fmt.Sprintf("Clients may differ for other reasons than their code. They had different numbers of connections open at once, %s", words.List(parts))
}

// ofColdStarts says that CPU time includes the first rejections of a new server.
func (l *League) ofColdStarts() string {
	if !analysis.Any(l.points, func(s *analysis.Summary) bool { return s.CPUUs > 0 }) {
		return ""
	}
	text := "A rejection may cost less on a server that has run for long. Each cell starts its server anew, so CPU time includes the extra cost of the first rejections"
	var names []string
	for _, s := range l.servers {
		name := results.Program(s)
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
	return fmt.Sprintf("Times of different clients are not comparable, because each library starts its clock at its own moment. Servers are compared by the times of %s alone", l.referenceClient())
}

// ofInvalid counts the fields without a valid cell, and the points and servers that
// the ranking leaves out.
func (l *League) ofInvalid() string {
	var without, all int
	for _, s := range l.fields {
		if all++; !s.HasShare() {
			without++
		}
	}
	ranked := len(analysis.NamesOf(l.common, analysis.StrategyOf))
	kept, conditions := len(l.common), len(analysis.Where(l.points, (*analysis.Summary).HasShare))
	if without == 0 && ranked == len(l.servers) && kept == conditions {
		return ""
	}
	text := fmt.Sprintf("Fields without a valid cell are left out: %d of %d", without, all)
	if kept < conditions {
		text += fmt.Sprintf(". Servers are ranked over the clients and conditions measured for all of them, %d of %s", kept, words.Plural(conditions, "valid point"))
	}
	if more := len(l.servers) - ranked; more > 0 {
		text += fmt.Sprintf(", without %s that shares none of these", words.Plural(more, "server"))
	}
	return text
}

// ofMachine names the machine of the run, or says that there were several.
func (l *League) ofMachine() string {
	m := l.manifest
	if len(m.Sources) > 1 {
		kernels := map[string]bool{}
		for _, s := range m.Sources {
			kernels[s.Kernel+s.CPU] = true
		}
		if len(kernels) > 1 {
			return fmt.Sprintf("Servers may differ because of their machines. Runs of %d machines were merged, and perhaps not every machine ran all servers", len(kernels))
		}
	}
	where := strings.Trim(fmt.Sprintf("%s, %s", m.CPU, words.Plural(m.Cores, "core")), ", ")
	text := fmt.Sprintf("Other machines may differ. All cells ran on one machine (%s)", where)
	if m.Kernel != "" {
		text = fmt.Sprintf("Other machines may differ. All cells ran on one machine (%s) with one kernel (Linux %s) at both ends", where, m.Kernel)
	}
	if cc := m.TCP["tcp_congestion_control"]; cc != "" {
		text += " and congestion control " + cc
	}
	return text + ". Server, path and clients shared its processors"
}

// conditionsText describes the conditions that all fields have in common.
func (l *League) conditionsText() string {
	var parts []string
	var concurrencies []int
	for _, s := range l.points {
		if !slices.Contains(concurrencies, s.Concurrency) {
			concurrencies = append(concurrencies, s.Concurrency)
		}
	}
	fewest, most := l.fieldSizes()
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
		parts = append(parts, fmt.Sprintf("concurrency %d to %d, depending on the client", concurrencies[0], concurrencies[n-1]))
	}
	return strings.Join(append(parts, analysis.SystemPhrases(l.manifest)...), ", ")
}
